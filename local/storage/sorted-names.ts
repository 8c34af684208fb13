/** Surrogates encode code points above the whole Basic Multilingual Plane, though their units sort below U+E000. */
const weight = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Compares names as Cloud Storage lists them: by their UTF-8 bytes, which is by code point. */
export function compareNames(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA !== unitB) return weight(unitA) - weight(unitB);
  }
  return a.length - b.length;
}

/** The names in a bucket in listing order, so that a listing touches only the names it answers. */
export class SortedNames {
  readonly #names: string[];

  constructor(names: Iterable<string> = []) {
    this.#names = [...names].sort(compareNames);
  }

  get size(): number {
    return this.#names.length;
  }

  at(index: number): string | undefined {
    return this.#names[index];
  }

  add(name: string): void {
    const index = this.firstFrom(name);
    if (this.#names[index] !== name) this.#names.splice(index, 0, name);
  }

  delete(name: string): void {
    const index = this.firstFrom(name);
    if (this.#names[index] === name) this.#names.splice(index, 1);
  }

  /** The index of the first name at or after `name`. */
  firstFrom(name: string): number {
    return this.#firstWhere((candidate) => compareNames(candidate, name) >= 0);
  }

  /** The index of the first name after `prefix` that does not start with it. */
  firstBeyond(prefix: string): number {
    return this.#firstWhere(
      (candidate) => compareNames(candidate, prefix) > 0 && !candidate.startsWith(prefix),
    );
  }

  /** Binary search; `holds` must be false for some first names and true for all the rest. */
  #firstWhere(holds: (name: string) => boolean): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#names[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
