/**
 * What the container was given is wrong, and running it again can't help: it exits with status 2. Everything
 * else that goes wrong exits with status 1.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
}
