import { DestinationBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type Consumer, type Delivery, NOTHING } from './consumer.ts';
import { type PushRequest, pushRequest } from './push-request.ts';
import type { Allowance } from './ready-queue.ts';
import type { Subscription } from './subscription.ts';
import { SECOND } from './time-values.ts';

/** How push requests leave the broker. */
export interface PushTransport {
  /** An OpenID Connect token of the service account for the audience. */
  identityToken(serviceAccountEmail: string, audience: string): Promise<string>;
  /** Sends a POST request and answers its status; rejects when there is none within the time. */
  post(url: string, request: PushRequest & { timeoutMs: number }): Promise<{ status: number }>;
}

const ACKNOWLEDGING_STATUSES = new Set([102, 200, 201, 202, 204]);
const FIRST_WINDOW = 3;
const LARGEST_WINDOW = 1000;

/** Pushes a subscription's messages. The number of requests under way doubles and halves with their success. */
export class PushConsumer implements Consumer {
  readonly #subscription: Subscription;
  readonly #transport: PushTransport;
  readonly #backoff: DestinationBackoff;
  #window = FIRST_WINDOW;
  #underWay = 0;

  constructor(subscription: Subscription, transport: PushTransport, clock: Clock) {
    this.#subscription = subscription;
    this.#transport = transport;
    this.#backoff = new DestinationBackoff(clock, () => subscription.wake());
  }

  allowance(): Allowance {
    const room = this.#window - this.#underWay;
    if (this.#backoff.isPausing || room <= 0) return NOTHING;
    return { messages: room, bytes: Number.POSITIVE_INFINITY, perOrderingKey: 1 };
  }

  deliver(deliveries: Delivery[]): void {
    for (const delivery of deliveries) void this.#push(delivery);
  }

  /** The window counts requests, and a request outlives a delivery whose deadline has passed. */
  released(): void {}

  end(): void {
    this.#backoff.stop();
  }

  async #push(delivery: Delivery): Promise<void> {
    this.#underWay++;
    const isAcknowledged = await this.#send(delivery);
    this.#underWay--;
    if (isAcknowledged) {
      this.#window = Math.min(LARGEST_WINDOW, this.#window * 2);
      this.#backoff.succeeded();
      this.#subscription.acknowledge([delivery.ackId]);
    } else {
      this.#window = Math.max(1, Math.floor(this.#window / 2));
      this.#backoff.failed();
      this.#subscription.refuse(delivery);
    }
    this.#subscription.wake();
  }

  /** Without an answer, the message counts as refused, as it does with any answer but an acknowledging one. */
  async #send(delivery: Delivery): Promise<boolean> {
    const { config } = this.#subscription;
    if (!config.pushConfig) return false;
    const { pushEndpoint, oidcToken } = config.pushConfig;
    const { headers, body } = pushRequest(config, delivery);
    try {
      if (oidcToken?.serviceAccountEmail) {
        const audience = oidcToken.audience || pushEndpoint;
        const token = await this.#transport.identityToken(oidcToken.serviceAccountEmail, audience);
        headers.authorization = `Bearer ${token}`;
      }
      const timeoutMs = config.ackDeadlineSeconds * SECOND;
      const { status } = await this.#transport.post(pushEndpoint, { headers, body, timeoutMs });
      return ACKNOWLEDGING_STATUSES.has(status);
    } catch {
      return false;
    }
  }
}
