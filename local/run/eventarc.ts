import { randomUUID } from 'node:crypto';
import type { HttpRequest } from './types.ts';

const DAY_MS = 24 * 3600 * 1000;
const LEAST_BACKOFF_MS = 10_000;
const MOST_BACKOFF_MS = 600_000;

/** A trigger as the Pulumi program declares it. */
export interface EventarcTrigger {
  project: string;
  location: string;
  name: string;
  /** Attributes that an event must have exactly. */
  criteria: Record<string, string>;
  /** The function's URL, whose origin is the audience of the trigger's identity token. */
  uri: string;
  serviceAccount: string;
}

export interface EventarcOptions {
  /** Delivers a request to a function, as `Ingress.handle` does. */
  deliver(
    url: string,
    request: { method: string; headers: HttpRequest['headers']; body: Buffer },
  ): Promise<{ status: number }>;
  identityToken(claims: { email: string; audience: string }): Promise<string>;
  /** Whether a trigger's account may receive events of a project's; without it, it may. */
  mayReceive?(project: string, serviceAccount: string): boolean;
  /** The pause before the first redelivery, in milliseconds; it doubles up to ten minutes. */
  leastBackoffMs?: number;
}

/** A CloudEvent of one of Google's own sources. */
export interface SourceEvent {
  project: string;
  location: string;
  /** Context attributes beside `id`, `time` and `specversion`. */
  attributes: Record<string, string>;
  data: unknown;
}

/**
 * Delivers events to the triggers that ask for them: at least once, again and again for a day until the function
 * answers 2xx. What is undelivered when the local cloud stops is lost.
 */
export class Eventarc {
  readonly #options: EventarcOptions;
  readonly #triggers = new Map<string, EventarcTrigger>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  constructor(options: EventarcOptions) {
    this.#options = options;
  }

  declare(trigger: EventarcTrigger): void {
    this.#triggers.set(
      `projects/${trigger.project}/locations/${trigger.location}/triggers/${trigger.name}`,
      trigger,
    );
  }

  /** Gives an event to each trigger in its project and location whose criteria it meets. */
  publish({ project, location, attributes, data }: SourceEvent): void {
    const event = {
      headers: {
        ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value])),
        'ce-id': randomUUID(),
        'ce-time': new Date().toISOString(),
        'ce-specversion': '1.0',
        'content-type': 'application/json; charset=utf-8',
      },
      body: Buffer.from(JSON.stringify(data)),
    };
    for (const trigger of this.#triggers.values()) {
      const isMeant =
        trigger.project === project &&
        trigger.location === location &&
        Object.entries(trigger.criteria).every(([name, value]) => attributes[name] === value);
      if (isMeant) void this.#deliver(trigger, event, { attempt: 0, until: Date.now() + DAY_MS });
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #deliver(
    trigger: EventarcTrigger,
    event: { headers: Record<string, string>; body: Buffer },
    { attempt, until }: { attempt: number; until: number },
  ): Promise<void> {
    if (await this.#isAccepted(trigger, event)) return;
    const least = this.#options.leastBackoffMs ?? LEAST_BACKOFF_MS;
    const pause = Math.min(least * 2 ** attempt, MOST_BACKOFF_MS);
    if (this.#closed || Date.now() + pause > until) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#deliver(trigger, event, { attempt: attempt + 1, until });
    }, pause);
    this.#timers.add(timer);
  }

  async #isAccepted(
    { project, uri, serviceAccount }: EventarcTrigger,
    event: { headers: Record<string, string>; body: Buffer },
  ): Promise<boolean> {
    if (this.#options.mayReceive?.(project, serviceAccount) === false) return false;
    try {
      const token = await this.#options.identityToken({
        email: serviceAccount,
        audience: new URL(uri).origin,
      });
      const headers = { ...event.headers, authorization: `Bearer ${token}` };
      const { status } = await this.#options.deliver(uri, { method: 'POST', headers, body: event.body });
      return status >= 200 && status < 300;
    } catch {
      return false;
    }
  }
}
