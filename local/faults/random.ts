/** Numbers from 0 to 1 that follow from the seed: Marsaglia's xorshift with 32 bits, after one round of mixing. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    this.#state = (mixed ^ (mixed >>> 13)) >>> 0 || 1;
  }

  /** From 0, 1 excluded. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state / 2 ** 32;
  }

  /** One of the values. */
  oneOf<Value>(values: readonly Value[]): Value {
    return values[Math.floor(this.next() * values.length)]!;
  }
}
