import test from 'ava';
import {type CliFlags, parseCliSettings} from '../../src/cli/settings.ts';

interface Case {
  readonly flags?: CliFlags;
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: unknown;
}
const load = ({flags = {}, environment = {}, file}: Case) =>
  parseCliSettings(flags, environment, file === undefined ? undefined : {path: '.romana.yaml', document: file});

const urls: ReadonlyArray<readonly [title: string, options: Case, url: string]> = [
  ['by default the daemon of this machine', {}, 'http://127.0.0.1:9600'],
  ['the whole URL in the file', {file: {RootURL: 'http://d:9700'}}, 'http://d:9700'],
  ['URL and port apart in the file', {file: {RootURL: 'http://d', RootPort: '9700'}}, 'http://d:9700'],
  ['a port that is a number', {file: {RootURL: 'http://d', RootPort: 9700}}, 'http://d:9700'],
  ['a port alone in the file', {file: {RootPort: 9700}}, 'http://127.0.0.1:9700'],
  ['a URL without port gets ours', {flags: {rootURL: 'http://d'}}, 'http://d:9600'],
  ['a URL without scheme', {flags: {rootURL: 'd:9700'}}, 'http://d:9700'],
  ['a URL with a slash at its end', {flags: {rootURL: 'http://d:9700/'}}, 'http://d:9700'],
  ['https', {flags: {rootURL: 'https://d:443'}}, 'https://d'],
  ['IPv6', {flags: {rootURL: 'http://[::1]', rootPort: '9700'}}, 'http://[::1]:9700'],
  ['flags over file', {flags: {rootURL: 'http://flag:1', rootPort: '2'}, file: {RootURL: 'http://file', RootPort: 3}}, 'http://flag:2'],
  [
    "the file's port does not stick to another URL",
    {flags: {rootURL: 'http://flag:1'}, file: {RootURL: 'http://file', RootPort: 3}},
    'http://flag:1',
  ],
  ["a port on the command line goes to the file's URL", {flags: {rootPort: '2'}, file: {RootURL: 'http://file:1'}}, 'http://file:2'],
];
for (const [title, options, url] of urls) {
  test(`the URL: ${title}`, t => {
    t.is(load(options).url, url);
  });
}

test('flags over environment over file over default', t => {
  const file = {Format: 'json', TokenFile: '/file'};
  t.like(load({}), {format: 'table', tokenFile: undefined});
  t.like(load({file}), {format: 'json', tokenFile: '/file'});
  t.like(load({file, environment: {ROMANA_TOKEN_FILE: '/environment'}}), {tokenFile: '/environment'});
  t.like(load({file, environment: {ROMANA_TOKEN_FILE: '/environment'}, flags: {tokenFile: '/flag', format: 'table'}}), {
    format: 'table',
    tokenFile: '/flag',
  });
});

for (const [options, code, message] of [
  [{flags: {format: 'xml'}}, 'ERR_USAGE', 'unknown format "xml", expected table or json'],
  [{file: {Format: 'yaml'}}, 'ERR_USAGE', 'unknown format "yaml", expected table or json'],
  [{flags: {rootURL: 'ftp://d'}}, 'ERR_USAGE', 'invalid root URL "ftp://d", expected http://address:port'],
  [{flags: {rootURL: 'http://'}}, 'ERR_USAGE', 'invalid root URL "http://", expected http://address:port'],
  [{flags: {rootPort: 'http'}}, 'ERR_USAGE', 'invalid root port "http", expected 0 to 65535'],
  [{file: {RootPort: 65536}}, 'ERR_USAGE', 'invalid root port 65536, expected 0 to 65535'],
  [{file: {rootURL: 'http://d'}}, 'ERR_CONFIG', /^cannot use \.romana\.yaml: .*rootURL/],
  [{file: ['RootURL']}, 'ERR_CONFIG', /^cannot use \.romana\.yaml: the whole: /],
] as const) {
  test(`refused: ${JSON.stringify(options)}`, t => {
    t.throws(() => load(options), {code, message});
  });
}
