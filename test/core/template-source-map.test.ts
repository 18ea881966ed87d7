import test from 'ava';
import fc from 'fast-check';
import Handlebars from 'handlebars';
import {renderTemplate} from '../../src/core/template.ts';

const data = {list: ['p', 'q'], none: [], yes: true, no: false, many: 'u\nv', map: {k: 'w'}};

const texts = [
  '#L text',
  '#L a {{@root.yes}} b',
  '#L {{#if @root.no}}hidden{{else}}shown{{/if}} end',
  '#L \\{{raw}}',
  '',
  '  {{!-- note --}}',
  '{{!-- two\nlines --}}',
];
const heads = [
  'if @root.yes',
  'if @root.no',
  'unless @root.yes',
  'each @root.list',
  'each @root.none',
  'each @root.list as |item|',
  'with @root.map',
];

const {nodes} = fc.letrec<{nodes: string[]; block: string[]}>(tie => ({
  nodes: fc
    .array(
      fc.oneof(
        {depthSize: 'small'},
        fc.constantFrom(...texts).map(text => [text]),
        tie('block'),
      ),
      {maxLength: 4},
    )
    .map(parts => parts.flat()),
  block: fc
    .tuple(fc.constantFrom(...heads), fc.constantFrom('', '  '), tie('nodes'), fc.option(tie('nodes')))
    .map(([head, indent, body, inverse]) => [
      `${indent}{{#${head}}}`,
      ...body,
      ...(inverse === null ? [] : [`${indent}{{else}}`, ...inverse]),
      `${indent}{{/${head.split(' ')[0]}}}`,
    ]),
}));

/** Templates whose every text line begins with its own number, so that the rendered lines say where they come from. */
const templates = nodes.map(lines => lines.flatMap(line => line.split('\n')).map((line, index) => line.replace('#L', `L${index + 1}`)));

test('the text is what Handlebars itself renders, with LF line ends whatever those of the template', t => {
  fc.assert(
    fc.property(templates, fc.constantFrom('\n', '\r\n'), (lines, end) => {
      t.is(render(lines.join(end)).text, Handlebars.compile(lines.join('\n'), {noEscape: true, strict: true})(data));
    }),
    {numRuns: 500},
  );
});

test('every rendered line knows its line of the template', t => {
  fc.assert(
    fc.property(templates, lines => {
      const {text, lines: readMap} = render(lines.join('\n'));
      const map = readMap();
      const renderedLines = text.split('\n');
      t.is(map.length, renderedLines.length);
      for (const [index, line] of renderedLines.entries()) {
        const [, number] = /^L(\d+) /.exec(line) ?? [];
        if (number !== undefined) t.is(map[index], Number(number));
      }
    }),
    {numRuns: 500},
  );
});

const maps: ReadonlyArray<readonly [title: string, template: string, lines: number[]]> = [
  ['a block on lines of its own leaves no line', 'a\n{{#each list}}\n  {{this}}\n{{/each}}\nb', [1, 3, 3, 5]],
  ['a value of two lines stays on its line', 'a\n{{many}}\nb', [1, 2, 2, 3]],
  ['a line made of values only', '\n{{#each list}}{{this}}\n{{/each}}', [1, 2, 2, 3]],
  ['white-space control joins lines', 'a\n{{~#if yes~}}\n  b\n{{~/if}} c\nd', [1, 5]],
  ['an empty template', '', [1]],
  ['a comment over lines', '{{!-- a\nb --}}\nc', [3]],
];

for (const [title, template, lines] of maps) {
  test(`source map: ${title}`, t => {
    t.deepEqual(render(template).lines(), lines);
  });
}

function render(text: string) {
  return renderTemplate({file: 'publisher.conf', text}, data);
}
