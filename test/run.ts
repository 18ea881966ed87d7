import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';

// Runs AVA and ends in a line that says how many tests passed, failed and were skipped. Arguments go to AVA (files, --match).

const failed: string[] = [];
const counts = {passed: 0, failed: 0, skipped: 0};
let isInDiagnosis = false;

const ava = spawn('ava', ['--tap', ...process.argv.slice(2)], {stdio: ['ignore', 'pipe', 'inherit']});
for await (const line of createInterface({input: ava.stdout})) {
  const [, verdict, title = '', directive] = /^(ok|not ok) \d+ - (.*?)(?: # (SKIP|TODO).*)?$/.exec(line) ?? [];
  if (verdict === undefined) {
    // What follows a failed test says why; the rest of TAP (version, plan, totals) is for machines.
    if (isInDiagnosis || line.startsWith('Bail out!')) console.log(line);
    if (line.trim() === '...') isInDiagnosis = false;
    continue;
  }
  const outcome = directive === undefined ? (verdict === 'ok' ? 'passed' : 'failed') : 'skipped';
  counts[outcome] += 1;
  isInDiagnosis = outcome === 'failed';
  if (isInDiagnosis) failed.push(title);
  console.log(`${{passed: '✔', failed: '✘', skipped: '-'}[outcome]} ${title}`);
}
const exitCode = await new Promise<number>(resolve =>
  ava.exitCode === null ? ava.once('exit', code => resolve(code ?? 1)) : resolve(ava.exitCode),
);

const isGood = counts.failed === 0 && exitCode === 0 && counts.passed > 0;
if (!isGood && counts.failed === 0) console.log(`AVA ended with status ${exitCode}; see above.`);
// Once more at the end: a long run's log is often read from there.
for (const title of failed) console.log(`\n✘ ${title}`);
console.log(`\n${counts.passed} passed, ${isGood ? 0 : Math.max(1, counts.failed)} failed, ${counts.skipped} skipped`);
process.exitCode = isGood ? 0 : 1;
