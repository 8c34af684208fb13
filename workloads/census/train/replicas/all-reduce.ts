import { z } from 'zod';
import type { Collective } from '../../model/collective.ts';
import { FrameType } from './frames.ts';
import type { Link } from './link.ts';

/** Values of some replicas, each with its replica's rank. */
const Gathered = z.array(z.tuple([z.int().min(0), z.unknown()]));

/**
 * All-reduce along a binary tree of replicas, as XGBoost's Rabit did it: what the children send is combined with
 * what is here and goes on to the parent; the root then has everybody's, and sends it back down the same way. No
 * replica has more than three connections, and a call takes two words per level of the tree.
 */
export class TreeCollective implements Collective {
  readonly rank: number;
  readonly #size: number;
  readonly #parent: Link | undefined;
  readonly #children: Link[];
  #calls = 0;
  #failure: Error | undefined;

  /** The links are this replica's to its parent and children in a tree of `size` replicas. */
  constructor(rank: number, size: number, parent: Link | undefined, children: Link[]) {
    this.rank = rank;
    this.#size = size;
    this.#parent = parent;
    this.#children = children;
    for (const link of this.#links) link.onFailure = (error) => this.#spread(error, link);
  }

  async sum(values: Float64Array): Promise<void> {
    const call = this.#nextCall();
    for (const child of this.#children) {
      const theirs = doublesOf(await child.receive(FrameType.SUM, call), values.length, child.peer);
      for (let index = 0; index < values.length; index++) values[index] += theirs[index];
    }
    if (this.#parent) {
      this.#parent.send(FrameType.SUM, call, bytesOf(values));
      values.set(
        doublesOf(await this.#parent.receive(FrameType.SUM, call), values.length, this.#parent.peer),
      );
    }
    for (const child of this.#children) child.send(FrameType.SUM, call, bytesOf(values));
  }

  async gather<Schema extends z.ZodType>(
    schema: Schema,
    value: z.output<Schema>,
  ): Promise<z.output<Schema>[]> {
    const call = this.#nextCall();
    let all: z.infer<typeof Gathered> = [[this.rank, value]];
    for (const child of this.#children) {
      all.push(...readGathered(await child.receive(FrameType.GATHER, call), child.peer));
    }
    if (this.#parent) {
      this.#parent.send(FrameType.GATHER, call, Buffer.from(JSON.stringify(all)));
      all = readGathered(await this.#parent.receive(FrameType.GATHER, call), this.#parent.peer);
    }
    const payload = Buffer.from(JSON.stringify(all));
    for (const child of this.#children) child.send(FrameType.GATHER, call, payload);

    const byRank = new Map(all);
    if (all.length !== this.#size || byRank.size !== this.#size) {
      throw new Error(`gathered the values of ${byRank.size} replicas of ${this.#size}`);
    }
    return Array.from({ length: this.#size }, (_, rank) => schema.parse(byRank.get(rank)));
  }

  /** Ends the connections: the training is done. */
  end(): void {
    for (const link of this.#links) link.end();
  }

  /** Ends the connections, and tells the others why. */
  abort(reason: string): void {
    // Where another replica failed first, all that can know of it have been told.
    if (this.#failure) return;
    for (const link of this.#links) link.abort(reason);
  }

  get #links(): Link[] {
    return this.#parent ? [this.#parent, ...this.#children] : this.#children;
  }

  #nextCall(): number {
    if (this.#failure) throw this.#failure;
    return ++this.#calls;
  }

  /** A replica has failed: those that are not connected to it learn of it from here. */
  #spread(error: Error, failed: Link): void {
    this.#failure ??= error;
    for (const link of this.#links) if (link !== failed) link.abort(error.message);
  }
}

/** Doubles in the machine's own order of bytes, which is little-endian wherever this runs. */
function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function doublesOf(payload: Buffer, length: number, peer: string): Float64Array {
  const expected = length * Float64Array.BYTES_PER_ELEMENT;
  if (payload.length !== expected) {
    throw new Error(`replica ${peer} sent ${payload.length} bytes to be added to ${expected}`);
  }
  // A copy, since a view of doubles would have to start at a multiple of eight.
  return new Float64Array(new Uint8Array(payload).buffer);
}

function readGathered(payload: Buffer, peer: string): z.infer<typeof Gathered> {
  try {
    return Gathered.parse(JSON.parse(payload.toString('utf8')));
  } catch (error) {
    throw new Error(`replica ${peer} sent values that can not be read`, { cause: error });
  }
}
