import { invalidQuery, unsupported } from './errors.ts';
import type { Options } from './statements.ts';

/** What the OPTIONS of a CREATE statement say. */
export interface ReadOptions {
  location?: string;
  kmsKeyName?: string;
  labels?: Record<string, string>;
  description?: string;
  friendlyName?: string;
}

/** Reads an OPTIONS list. Throws `invalidQuery` for an option outside `allowed`, and for a value of another type. */
export function readOptions(options: Options, allowed: string[]): ReadOptions {
  const read: ReadOptions = {};
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) throw unsupported(`option ${name}`);
    if (value === null) continue;
    if (name === 'labels') {
      if (!Array.isArray(value)) throw invalidQuery('labels must be an array of pairs');
      read.labels = Object.fromEntries(value.map((pair) => pair as [string, string]));
    } else if (typeof value !== 'string') {
      throw invalidQuery(`option ${name} must be a string`);
    } else if (name === 'location') read.location = value;
    else if (name === 'description') read.description = value;
    else if (name === 'friendly_name') read.friendlyName = value;
    else read.kmsKeyName = value;
  }
  return read;
}
