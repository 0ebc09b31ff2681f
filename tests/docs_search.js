// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// node docs_search.js SITE: the site's search finds words, beginnings of words and names, and where they stand.

'use strict';

const fs = require('fs'), path = require('path'), vm = require('vm');
const site = process.argv[2];
const context = vm.createContext({});
for (const file of ['lunr.min.js', 'search_index.js', 'search.js'])
    vm.runInContext(fs.readFileSync(path.join(site, file), 'utf-8'), context);
const [search, sections] = vm.runInContext('[practicusSearch, practicusSections]', context);
const index = search.build(sections);

// What is looked for, and what is among the first five.
const EXPECTED = [
    ['self-signed certificate', 'TLS and proxies'],
    ['pause between two tries', 'Errors and retries'],
    ['spreadsheet formula', 'to_csv()'],
    ['Ctrl-C', 'A batch job'],
    ['bash completion', 'The command line'],
    ['another process', 'core_conf'],
    ['renewing tokens', 'token'],
    ['session_token', 'session_token()'],
    ['with', 'with()'],
    ['predict_bat', 'predict_batches()'],
    ['no_model_id', 'no_model_id'],
    ['mkdtemp', 'network.cpp'],
];

let faults = 0;
const said = text => { ++faults; console.log(text); };
for (const [words, expected] of EXPECTED) {
    const found = search.find(index, words).slice(0, 5).map(number => sections[number]);
    if (!found.some(section => `${section.title} ${section.page}`.includes(expected)))
        said(`'${words}' finds ${found.map(section => `${section.page}: ${section.title}`).join(', ') || 'nothing'}`);
}
if (search.find(index, 'qwertyuiop').length || search.find(index, ' ::! ').length) said('what is not there is found');
const excerpt = search.excerpt(`${'a '.repeat(200)}the certificates of <b>${' z'.repeat(200)}`, 'certificate');
if (!/^… .*the certificates of <b>.* …$/.test(excerpt)) said(`the excerpt is '${excerpt}'`);
for (const section of sections)
    if (!fs.existsSync(path.join(site, section.url.split('#')[0]))) said(`${section.url} is no page`);
console.log(`${sections.length} sections, ${EXPECTED.length} searches, ${faults} faults`);
process.exit(faults || sections.length < 500 ? 1 : 0);
