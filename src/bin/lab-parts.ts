import path from 'node:path';
import {execa} from 'execa';
import type {LabCommandParts} from '../cli/lab.ts';
import {systemClock} from '../system/clock.ts';
import {readFileIfPresent, replaceFile} from '../system/files.ts';
import {createLogger} from '../system/log.ts';
import {createRun} from '../system/run.ts';

/** What the lab acts through, on the real machine. */
export function createLabParts(): LabCommandParts {
  return {
    run: createRun(),
    clock: systemClock,
    log: createLogger('warn'),
    replaceFile,
    readFileIfPresent,
    root: path.resolve(import.meta.dirname, '../..'),
    node: process.execPath,
    userId: process.getuid?.() ?? -1,
    print: line => process.stdout.write(`${line}\n`),
    async attach(command, args) {
      const {exitCode} = await execa(command, args, {stdio: 'inherit', reject: false});
      return exitCode ?? 1;
    },
  };
}
