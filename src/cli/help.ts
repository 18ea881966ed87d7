import type {Command} from 'commander';

/** Ends the help of a command with lines that can be tried. */
export function addExamples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map(line => `  romana ${line}`).join('\n')}`);
}
