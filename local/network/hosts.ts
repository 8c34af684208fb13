/** Values by host name, where a name may have a `*` that stands for part of one label. */
export class HostTable<Value> {
  readonly #exact = new Map<string, Value>();
  readonly #patterns: { expression: RegExp; value: Value }[] = [];

  set(host: string, value: Value): void {
    if (!host.includes('*')) {
      this.#exact.set(host, value);
      return;
    }
    const source = host.replaceAll('.', '\\.').replaceAll('*', '[^.]+');
    this.#patterns.push({ expression: new RegExp(`^${source}$`), value });
  }

  /** An exact name goes before patterns, and these go by their age. */
  get(host: string): Value | undefined {
    return this.#exact.get(host) ?? this.#patterns.find(({ expression }) => expression.test(host))?.value;
  }
}
