import type {Position} from '../template-error.ts';

/** What somebody who converts a file should know about one place of it. The place is that of the text that went in. */
export interface ConversionNote extends Position {
  readonly reason: string;
  /** `lost` is what has no counterpart: the result does not do it and has to be finished by hand. */
  readonly level: 'note' | 'lost';
}

export interface Conversion {
  readonly text: string;
  /** In the order of the text. */
  readonly notes: readonly ConversionNote[];
}

/** A note by offset, before lines are counted. */
export interface OffsetNote {
  readonly offset: number;
  readonly reason: string;
  readonly level: 'note' | 'lost';
}
