import {Command} from 'commander';
import {checkCommand} from './template-check.ts';
import {convertCommand} from './template-convert.ts';
import {diffCommand} from './template-diff.ts';
import {listCommand} from './template-list.ts';
import type {TemplateParts} from './template-parts.ts';
import {renderCommand} from './template-render.ts';

/** `romana template …`: what the templates of BIRD's files give, before the agent takes them. */
export function templateCommand(parts: TemplateParts): Command {
  const command = new Command('template').description("the templates of BIRD's files, and what a host makes of them");
  for (const verb of [listCommand, renderCommand, checkCommand, diffCommand, convertCommand]) command.addCommand(verb(parts));
  return command;
}
