import type {z} from 'zod';
import {Config} from './schema.ts';

/** The settings that the environment gives: ROMANA_AGENT_PUBLISH_LOCAL_AS sets agent.publish.localAs. A list is separated by commas. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const {path, kind} of leavesOf(Config, [])) {
    const text = environment[environmentName(path)];
    if (text !== undefined) setAt(settings, path, parseText(text, kind));
  }
  return settings;
}

/** agent.publish.localAs is ROMANA_AGENT_PUBLISH_LOCAL_AS. */
export function environmentName(path: readonly string[]): string {
  return ['ROMANA', ...path.map(key => key.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase())].join('_');
}

/** Sets a value deep inside nested objects, making those on the way. */
export function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const next = typeof inner === 'object' && inner !== null ? {...inner} : {};
  target[key] = next;
  setAt(next as Record<string, unknown>, rest, value);
}

interface Leaf {
  readonly path: readonly string[];
  readonly kind: 'text' | 'list' | 'literal';
}

function leavesOf(schema: z.core.$ZodType, path: readonly string[]): Leaf[] {
  const inner = unwrap(schema);
  const {def} = inner._zod;
  if (def.type === 'object') {
    const {shape} = def as z.core.$ZodObjectDef;
    return Object.entries(shape).flatMap(([key, value]) => leavesOf(value, [...path, key]));
  }
  if (def.type === 'array' || def.type === 'union') return [{path, kind: 'list'}];
  return [{path, kind: def.type === 'number' || def.type === 'boolean' || def.type === 'record' ? 'literal' : 'text'}];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const {def} = schema._zod;
  return 'innerType' in def ? unwrap(def.innerType as z.core.$ZodType) : schema;
}

function parseText(text: string, kind: Leaf['kind']): unknown {
  if (kind === 'text') return text;
  if (kind === 'list') return text.split(',').map(part => part.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
