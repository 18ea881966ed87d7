/** A tag of a template that stands in a BIRD configuration. */
export interface TemplateTag {
  readonly start: number;
  readonly end: number;
  readonly kind: 'open' | 'else' | 'close' | 'comment' | 'value';
}

const pattern = /\{\{~?!--[\s\S]*?--~?\}\}|\{\{[\s\S]*?\}\}/g;

/** Puts words in the place of values and space in that of all other tags, each as long as the tag, so that BIRD's syntax can be read around them. */
export function maskTags(text: string): {masked: string; tags: readonly TemplateTag[]} {
  const tags: TemplateTag[] = [];
  const masked = text.replaceAll(pattern, (tag: string, start: number) => {
    const kind = kindOf(tag);
    tags.push({start, end: start + tag.length, kind});
    return tag.replaceAll(/[^\n]/g, kind === 'value' ? '_' : ' ');
  });
  return {masked, tags};
}

function kindOf(tag: string): TemplateTag['kind'] {
  const inner = tag.replace(/^\{\{~?\s*/, '');
  if (inner.startsWith('!')) return 'comment';
  if (/^[#^]\s*[^\s}~]/.test(inner)) return 'open';
  if (/^(?:else\b|\^)/.test(inner)) return 'else';
  return inner.startsWith('/') ? 'close' : 'value';
}
