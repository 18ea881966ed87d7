import test from 'ava';
import fc from 'fast-check';
import Handlebars from 'handlebars';
import {renderTemplate} from '../../src/core/template.ts';

const data = {list: ['p', 'q'], none: [], yes: true, no: false, many: 'u\nv', map: {k: 'w'}};

/** Templates whose every text line begins with its own number, so that the rendered lines say where they come from. */
const templates = fc
  .letrec<{nodes: string[]; node: string[]}>(tie => ({
    nodes: fc.array(tie('node'), {maxLength: 4, depthIdentifier: 'block'}).map(parts => parts.flat()),
    node: fc.oneof(
      {depthSize: 'small', depthIdentifier: 'block', withCrossShrink: true},
      fc.constantFrom(
        ['#L text'],
        ['#L a {{yes}} b'],
        ['#L {{#if no}}hidden{{else}}shown{{/if}} end'],
        ['#L \\{{raw}}'],
        [''],
        ['  {{!-- note --}}'],
        ['{{!-- two', 'lines --}}'],
      ),
      fc
        .tuple(
          fc.constantFrom('if yes', 'if no', 'each list', 'each none', 'with map', 'unless yes', 'each list as |item|'),
          fc.constantFrom('', '  '),
          tie('nodes'),
          fc.option(tie('nodes')),
        )
        .map(([head, indent, body, inverse]) => [
          `${indent}{{#${head}}}`,
          ...body.map(line => line.replace('{{yes}}', '{{@root.yes}}').replace('if no', 'if @root.no')),
          ...(inverse === null ? [] : [`${indent}{{else}}`, ...inverse]),
          `${indent}{{/${head.split(' ')[0]}}}`,
        ]),
    ),
  }))
  .nodes.map(lines => rooted(lines).map((line, index) => line.replace('#L', `L${index + 1}`)));

test('the text is what Handlebars itself renders', t => {
  fc.assert(
    fc.property(templates, fc.constantFrom('\n', '\r\n'), (lines, end) => {
      const text = lines.join(end);
      t.is(render(text).text, Handlebars.compile(text, {noEscape: true, strict: true})(data));
    }),
    {numRuns: 500},
  );
});

test('every rendered line knows its line of the template', t => {
  fc.assert(
    fc.property(templates, lines => {
      const {text, lines: map} = render(lines.join('\n'));
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
    t.deepEqual(render(template).lines, lines);
  });
}

/** Inside blocks the names of the top need @root. */
function rooted(lines: readonly string[]): string[] {
  return lines.map(line => line.replaceAll(/(\{\{#?(?:if |unless |each |with )?)(yes|no|list|none|map)\b/g, '$1@root.$2'));
}

function render(text: string) {
  return renderTemplate({file: 'publisher.conf', text}, data);
}
