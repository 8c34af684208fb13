import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { StatusError } from '../status.ts';

export const VersionState = z.enum(['ENABLED', 'DISABLED']);
export type VersionState = z.infer<typeof VersionState>;

/** A key's versions from the first on; `primary` counts from 1, as their names do. */
const Versions = z.object({ primary: z.int().min(1), states: z.array(VersionState).min(1) });
type Versions = z.infer<typeof Versions>;

const VERSION = /^(.+\/cryptoKeys\/[^/]+)\/cryptoKeyVersions\/(\d+)$/;

/**
 * The versions of keys: the one that encrypts what is new, and which of them may be used at all. A key to which
 * nothing was done has one, and that is enabled.
 */
export class KeyVersions {
  readonly #file: string | undefined;
  readonly #keys: Map<string, Versions>;

  /** @param file where changes are kept from one start to the next */
  constructor(file?: string) {
    this.#file = file;
    const kept = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    this.#keys = new Map(Object.entries(z.record(z.string(), Versions).parse(kept)));
  }

  /** The full name of the version that encrypts what is new. */
  primaryOf(key: string): string {
    return `${key}/cryptoKeyVersions/${this.#of(key).primary}`;
  }

  /** @throws NOT_FOUND */
  stateOf(name: string): VersionState {
    const { key, number } = parse(name);
    const state = this.#of(key).states[number - 1];
    if (!state) throw new StatusError('NOT_FOUND', `CryptoKeyVersion ${name} not found.`);
    return state;
  }

  /** Adds an enabled version, which is not the primary one yet; answers its name. */
  create(key: string): string {
    const { primary, states } = this.#of(key);
    this.#keep(key, { primary, states: [...states, 'ENABLED'] });
    return `${key}/cryptoKeyVersions/${states.length + 1}`;
  }

  /** @throws NOT_FOUND, or FAILED_PRECONDITION for a version that is not enabled */
  makePrimary(name: string): void {
    this.requireEnabled(name);
    const { key, number } = parse(name);
    this.#keep(key, { ...this.#of(key), primary: number });
  }

  /** @throws NOT_FOUND */
  setState(name: string, state: VersionState): void {
    this.stateOf(name);
    const { key, number } = parse(name);
    const { primary, states } = this.#of(key);
    this.#keep(key, { primary, states: states.with(number - 1, state) });
  }

  /** @throws NOT_FOUND, or FAILED_PRECONDITION as Cloud KMS words it */
  requireEnabled(name: string): void {
    const state = this.stateOf(name);
    if (state === 'ENABLED') return;
    throw new StatusError('FAILED_PRECONDITION', `${name} is not enabled, current state is: ${state}.`, {
      errorInfo: { reason: 'KEY_DISABLED', domain: 'cloudkms.googleapis.com', metadata: { version: name } },
    });
  }

  #of(key: string): Versions {
    return this.#keys.get(key) ?? { primary: 1, states: ['ENABLED'] };
  }

  #keep(key: string, versions: Versions): void {
    this.#keys.set(key, versions);
    if (!this.#file) return;
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify(Object.fromEntries(this.#keys), null, 2)}\n`);
  }
}

function parse(name: string): { key: string; number: number } {
  const [, key, number] = VERSION.exec(name) ?? [];
  if (!key) throw new StatusError('INVALID_ARGUMENT', `"${name}" is not the name of a CryptoKeyVersion.`);
  return { key, number: Number(number) };
}
