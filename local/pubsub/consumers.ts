import type { StatusError } from '../status.ts';
import type { Consumer } from './consumer.ts';

/** The consumers of one subscription, served in turns. */
export class Consumers {
  #consumers: Consumer[] = [];

  add(consumer: Consumer): void {
    this.#consumers.push(consumer);
  }

  remove(consumer: Consumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Offers each of them a delivery, again and again until none takes one. */
  serve(deliverTo: (consumer: Consumer) => boolean): void {
    for (let progress = true; progress; ) {
      progress = false;
      for (const consumer of [...this.#consumers]) progress = deliverTo(consumer) || progress;
      const first = this.#consumers.shift();
      if (first) this.#consumers.push(first);
    }
  }

  end(reason: StatusError): void {
    for (const consumer of this.#consumers.splice(0)) consumer.end(reason);
  }
}
