// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The site's search: all its words, by lunr, without a server. The index is built where the field is first used, of what
// docs/search_index.py has written.

'use strict';

const practicusSearch = {
    // Names are found by their parts: session_token has two words.
    words(text) {
        return (String(text ?? '').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(word => new lunr.Token(word, {}));
    },

    // No word is left out as too common: `with` is a member of the client.
    build(sections) {
        return lunr(function() {
            this.tokenizer = practicusSearch.words;
            this.pipeline.remove(lunr.stopWordFilter);
            this.ref('number');
            this.field('title', {boost: 10});
            this.field('page', {boost: 2});
            this.field('text');
            sections.forEach((section, number) => this.add({...section, number}, {boost: practicusSearch.weight(section)}));
        });
    },

    // The tutorial explains; an example only has the words somewhere.
    weight(section) {
        return section.url.includes('-example.html') ? 0.5 : /^(class|struct|namespace|concept)/.test(section.url) ? 1 : 2;
    },

    // Returns the numbers of the sections that have all words, or their beginnings; else of those that have one.
    find(index, text) {
        const stems = practicusSearch.words(text).map(word => lunr.stemmer(word).toString());
        if (stems.length === 0) return [];
        const search = presence => index.query(query => {
            for (const stem of stems) {
                query.term(stem, {usePipeline: false, boost: 5});
                query.term(stem, {usePipeline: false, wildcard: lunr.Query.wildcard.TRAILING, presence});
            }
        });
        const all = search(lunr.Query.presence.REQUIRED);
        return (all.length ? all : search(lunr.Query.presence.OPTIONAL)).map(found => Number(found.ref));
    },

    // Returns the part of a text that has the first of the words.
    excerpt(text, words) {
        const stems = practicusSearch.words(words).map(word => lunr.stemmer(word).toString());
        const places = stems.map(stem => text.toLowerCase().search(new RegExp(`(?<![\\p{L}\\p{N}])${stem}`, 'u')));
        const first = Math.max(0, Math.min(...places.filter(place => place >= 0)) - 40);
        const begin = Number.isFinite(first) && first > 0 ? text.indexOf(' ', first) + 1 : 0;
        return (begin ? '… ' : '') + text.slice(begin, begin + 140) + (text.length > begin + 140 ? ' …' : '');
    },
};

if (typeof document !== 'undefined') addEventListener('DOMContentLoaded', () => {
    const root = document.body.dataset.root;
    const field = document.getElementById('words'), list = document.getElementById('found');
    let index = null;

    const script = name => new Promise((resolve, reject) => {
        const element = Object.assign(document.createElement('script'), {src: root + name, onload: resolve, onerror: reject});
        document.head.append(element);
    });
    const load = () => index ??= script('lunr.min.js').then(() => script('search_index.js')).then(
        () => practicusSearch.build(practicusSections));

    const entry = section => {
        const item = document.createElement('li'), link = document.createElement('a');
        link.href = root + section.url;
        link.append(Object.assign(document.createElement('b'), {textContent: section.title}));
        if (section.page !== section.title)
            link.append(' ', Object.assign(document.createElement('small'), {textContent: section.page}));
        link.append(Object.assign(document.createElement('span'),
                                  {textContent: practicusSearch.excerpt(section.text, field.value)}));
        item.append(link);
        return item;
    };

    const show = async () => {
        const words = field.value, found = words.trim() ? practicusSearch.find(await load(), words) : [];
        if (words !== field.value) return;
        list.replaceChildren(...found.slice(0, 30).map(number => entry(practicusSections[number])));
        if (words.trim() && found.length === 0) list.append('Nothing has these words.');
        list.hidden = !words.trim();
    };

    field.addEventListener('focus', load);
    field.addEventListener('input', show);
    document.getElementById('search').addEventListener('submit', event => {
        event.preventDefault();
        list.querySelector('a')?.click();
    });
    addEventListener('keydown', event => {
        const links = [...list.querySelectorAll('a')], at = links.indexOf(document.activeElement);
        if (event.key === 'Escape') list.hidden = true;
        const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
        if (list.hidden || !step || links.length === 0) return;
        event.preventDefault();
        (links[at + step] ?? field).focus();
    });
    addEventListener('click', event => {
        if (!event.target.closest('#search') || event.target.closest('#found a')) list.hidden = true;
    });
});
