import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {replaceFile} from '../../src/system/files.ts';
import type {Benchmark} from './benchmark.ts';

// `npm run bench [-- NAME]`: runs every *.bench.ts of this folder, or those named; prints tables and writes bench-results/NAME.json.

const folder = import.meta.dirname;
const wanted = process.argv.slice(2);
const names = (await readdir(folder)).flatMap(file => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []).toSorted();
const unknown = wanted.find(name => !names.includes(name));

if (unknown === undefined) {
  for (const name of wanted.length === 0 ? names : wanted) {
    const {benchmark} = (await import(path.join(folder, `${name}.bench.ts`))) as {benchmark: Benchmark};
    console.log(`\n${name}: ${benchmark.title}`);
    const {rows, summary, ...rest} = await benchmark.run();
    console.table(rows);
    for (const line of summary) console.log(line);
    const file = path.join(folder, '../../bench-results', `${name}.json`);
    await replaceFile(
      file,
      `${JSON.stringify({name, title: benchmark.title, at: new Date().toISOString(), rows, summary, ...rest}, undefined, 2)}\n`,
    );
    console.log(`written to ${path.relative(process.cwd(), file)}`);
  }
} else {
  console.error(`bench: there is no benchmark ${JSON.stringify(unknown)}, expected one of: ${names.join(', ')}`);
  process.exitCode = 2;
}
