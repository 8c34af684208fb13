import type { Socket } from 'node:net';
import { encodeFrame, type Frame, FrameReader, FrameType } from './frames.ts';

const PING_MS = 5000;
/** Two minutes without a word: longer than a replica computes on end, and the machine of one that says less is lost. */
const MAX_SILENT_PINGS = 24;
/** How long a last word may take to be sent. */
const LAST_WORD_MS = 5000;

/** Another replica's reason for giving up. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** A connection to another replica. It ends by a BYE; however else it ends, that replica has failed. */
export class Link {
  /** The replica at the other end, as messages name it. */
  peer: string;
  /** Told once when the link fails. */
  onFailure: (error: Error) => void = () => {};
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  readonly #pinging: NodeJS.Timeout;
  #silentPings = 0;
  #waiting: PromiseWithResolvers<Frame> | undefined;
  #ended = false;
  #failure: Error | undefined;

  constructor(socket: Socket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    // A frame is all that there is to say until the other has answered: waiting for more would only delay it.
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(`replica ${this.peer} ended the connection: ${error.message}`));
    socket.on('close', () =>
      this.#fail(`replica ${this.peer} ended the connection before the training was done`),
    );
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
  }

  send(type: FrameType, call?: number, payload?: Uint8Array): void {
    if (!this.#failure) this.#socket.write(encodeFrame(type, call, payload));
  }

  /**
   * The next frame's payload.
   *
   * @throws Error when the other replica has failed, or says another thing than is its turn to say
   */
  async receive(type: FrameType, call = 0): Promise<Buffer> {
    const frame = this.#frames.shift() ?? (await this.#next());
    if (frame.type !== type || frame.call !== call) {
      throw new Error(
        `replica ${this.peer} is at another place of the training: it sent type ${frame.type} of call ${frame.call}, expected type ${type} of call ${call}`,
      );
    }
    return frame.payload;
  }

  /** Hangs up: all has been said. */
  end(): void {
    this.#hangUp(encodeFrame(FrameType.BYE));
  }

  /** Hangs up, and says why. */
  abort(reason: string): void {
    this.#hangUp(encodeFrame(FrameType.ABORT, 0, Buffer.from(reason)));
  }

  /** What still comes is read and dropped: to close on unread bytes would reset the connection, last word and all. */
  #hangUp(lastWord: Buffer): void {
    clearInterval(this.#pinging);
    this.#ended = true;
    this.#socket.end(lastWord);
    setTimeout(() => this.#socket.destroy(), LAST_WORD_MS).unref();
  }

  #next(): Promise<Frame> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#waiting = Promise.withResolvers<Frame>();
    return this.#waiting.promise;
  }

  #take(chunk: Buffer): void {
    this.#silentPings = 0;
    try {
      for (const frame of this.#reader.push(chunk)) this.#hear(frame);
    } catch (error) {
      this.#fail(`replica ${this.peer} sent what is ${(error as Error).message}`);
    }
  }

  #hear(frame: Frame): void {
    if (frame.type === FrameType.PING) return;
    if (frame.type === FrameType.BYE) {
      clearInterval(this.#pinging);
      this.#ended = true;
    } else if (frame.type === FrameType.ABORT) {
      this.#fail(frame.payload.toString('utf8'), GivenUp);
    } else if (this.#waiting) {
      this.#waiting.resolve(frame);
      this.#waiting = undefined;
    } else {
      this.#frames.push(frame);
    }
  }

  #ping(): void {
    if (++this.#silentPings > MAX_SILENT_PINGS) {
      this.#fail(`replica ${this.peer} has not been heard of for ${(MAX_SILENT_PINGS * PING_MS) / 1000} s`);
    } else {
      this.send(FrameType.PING);
    }
  }

  #fail(message: string, Kind: new (message: string) => Error = Error): void {
    clearInterval(this.#pinging);
    if (this.#failure) return;
    this.#failure = new Kind(message);
    this.#waiting?.reject(this.#failure);
    if (this.#ended) return;
    this.#socket.destroy();
    this.onFailure(this.#failure);
  }
}
