// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// event_differential.js JUDGES PROGRAM [SEED [COUNT]]
//
// Generates event streams: line ends of all kinds, byte order marks, comments, unknown fields, NULs, invalid UTF-8. Compares
// the events of practicus with those of undici, which is Node's own EventSource, and with those of eventsource-parser. Each
// of the two departs from the standard in one place, where the other one is the judge: undici ignores an empty `event`
// field, and eventsource-parser keeps no id beyond its event. A failure names the seed and the text's number.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const [judges, program, seed = '1', count = '2000'] = process.argv.slice(2);
const { EventSourceStream } = require(path.join(judges, 'node_modules/undici/lib/web/eventsource/eventsource-stream.js'));
const { createParser } = require(path.join(judges, 'node_modules/eventsource-parser'));

let state = Number(seed) >>> 0;
function random(below) { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];

const ENDS = ['\n', '\r', '\r\n'];
const NAMES = ['data', 'data', 'data', 'data', 'data', 'event', 'event', 'id', 'id', 'retry', '', '', 'Data', ' data', 'data ', 'dat',
    'data\0', 'datas', 'other'];
const VALUES = ['', '', ' ', '  two', 'x', ' x', '\tx', '[DONE]', '{"a":"b: c"}', ':', ': ', 'a\0b', '12', '007', '-1', 'Größe', '…',
    '\ufeff', '\ufffd', '😀', '\u2028', '\x0b', '\x85', 'x'.repeat(300)];
const BYTES = [[0xff], [0x80], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80],
    [0xef, 0xbb], [0xe0, 0x80], [0xf0, 0x8f, 0x80]];

function line() {
    if (random(4) === 0) return Buffer.alloc(0);
    let text = pick(NAMES);
    if (random(8) !== 0) text += ':' + pick(VALUES);
    const extra = random(6) === 0 ? [Buffer.from(pick(BYTES)), Buffer.from(pick(VALUES))] : [];
    return Buffer.concat([Buffer.from(text), ...extra]);
}

function generate() {
    const end = random(2) === 0 ? pick(ENDS) : null;
    const parts = [];
    for (let marks = random(8) === 0 ? 1 + random(2) : 0; marks > 0; --marks) parts.push(Buffer.from('\ufeff'));
    if (random(30) === 0) parts.push(Buffer.from([0xef, 0xbb]));
    for (let lines = random(24); lines > 0; --lines) parts.push(line(), Buffer.from(end ?? pick(ENDS)));
    if (random(3) === 0) parts.push(line());
    return Buffer.concat(parts);
}

function byUndici(text) {
    const events = [];
    const stream = new EventSourceStream({ push: (event) => events.push(event) });
    stream._transform(Buffer.from(text), null, (error) => { if (error) throw error; });
    return events.map((event) => ({ type: event.type, data: event.options.data, id: event.options.lastEventId ?? '' }));
}

function byParser(text) {
    const events = [];
    const parser = createParser({ onEvent: (event) => events.push({ type: event.event ?? 'message', data: event.data }) });
    let decoded = new TextDecoder('utf-8').decode(text);
    // A last CR may be half of a line end for it.
    if (decoded.endsWith('\r')) decoded += '\n';
    parser.feed(decoded);
    return events;
}

const hex = (text) => Buffer.from(text).toString('hex') + '.';
const unhex = (text) => Buffer.from(text.slice(0, -1), 'hex').toString();

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'events-'));
let found = 0, replaced = 0;
try {
    const texts = Array.from({ length: Number(count) }, generate);
    texts.forEach((text, number) => fs.writeFileSync(path.join(folder, `${number}.stream`), text));
    const told = execFileSync(program, [folder], { timeout: 900000 }).toString();
    if (told !== `${count}\n`) throw new Error(told);
    texts.forEach((text, number) => {
        const ids = byUndici(text), types = byParser(text);
        const lines = fs.readFileSync(path.join(folder, `${number}.ours`)).toString().split('\n').slice(0, -1);
        const theirs = types.map((event, i) => [event.type, event.data, ids[i]?.id ?? ''].map(hex).join(' '));
        const same = ids.length === types.length && ids.every((event, i) => event.data === types[i].data) &&
            theirs.join('\n') === lines.join('\n');
        if (!same)
            throw new Error(`seed ${seed}, text ${number}: ${JSON.stringify(text.toString('latin1'))}\nundici ${JSON.stringify(ids)}\n` +
                `eventsource-parser ${JSON.stringify(types)}\npracticus ${JSON.stringify(lines.map((l) => l.split(' ').map(unhex)))}`);
        found += lines.length;
        replaced += lines.filter((l) => l.includes(hex('\ufffd').slice(0, -1))).length;
    });
} finally {
    fs.rmSync(folder, { recursive: true });
}
console.log(`${count} streams, the same ${found} events, ${replaced} with U+FFFD, Node ${process.version}`);
if (found < Number(count) || replaced < Number(count) / 20) process.exit(1);
