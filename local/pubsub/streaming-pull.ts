import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { StatusError } from '../status.ts';
import { type Consumer, type Delivery, NOTHING } from './consumer.ts';
import { invalidArgument } from './errors.ts';
import { isAckId } from './leases.ts';
import { checkPullable, toReceivedMessage } from './pull.ts';
import type { Allowance } from './ready-queue.ts';
import type { Subscription } from './subscription.ts';
import { SECOND } from './time-values.ts';

type Request = google.pubsub.v1.IStreamingPullRequest;
type Response = google.pubsub.v1.IStreamingPullResponse;
export type StreamingPullCall = ServerDuplexStream<Request, Response>;

/** How much one response of the stream carries. */
const RESPONSE: Allowance = { messages: 100, bytes: 4 << 20, perOrderingKey: 100 };

/** Serves a StreamingPull call: its first request names the subscription, all of them acknowledge. */
export function serveStreamingPull(call: StreamingPullCall, find: (name: string) => Subscription): void {
  let stream: PullStream | undefined;
  call.on('data', (request: Request) => {
    try {
      if (stream) {
        checkSubsequent(request);
      } else {
        stream = new PullStream(call, find(request.subscription ?? ''), request);
        stream.open();
      }
      stream.handle(request);
    } catch (error) {
      stream?.close();
      call.emit('error', error);
    }
  });
  call.on('end', () => {
    stream?.close();
    call.end();
  });
  for (const event of ['cancelled', 'close', 'error']) call.on(event, () => stream?.close());
}

function checkSubsequent(request: Request): void {
  const isInitial =
    request.subscription ||
    Number(request.maxOutstandingMessages ?? 0) ||
    Number(request.maxOutstandingBytes ?? 0);
  if (isInitial) {
    throw invalidArgument(
      'The subscription and flow control can only be set on the initial StreamingPullRequest.',
    );
  }
}

class PullStream implements Consumer {
  ackDeadlineMs: number | undefined;

  readonly #call: StreamingPullCall;
  readonly #subscription: Subscription;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #outstandingMessages = 0;
  #outstandingBytes = 0;
  #isClosed = false;

  constructor(call: StreamingPullCall, subscription: Subscription, initial: Request) {
    this.#call = call;
    this.#subscription = subscription;
    this.#maxMessages = limit(initial.maxOutstandingMessages);
    this.#maxBytes = limit(initial.maxOutstandingBytes);
  }

  open(): void {
    checkPullable(this.#subscription);
    this.#call.write({ subscriptionProperties: this.#properties() });
    this.#call.on('drain', () => this.#subscription.wake());
    this.#subscription.addConsumer(this);
  }

  close(): void {
    this.#isClosed = true;
    this.#subscription.removeConsumer(this);
  }

  handle(request: Request): void {
    const ackIds = request.ackIds ?? [];
    const modifyIds = request.modifyDeadlineAckIds ?? [];
    const seconds = request.modifyDeadlineSeconds ?? [];
    check(request);
    if (request.streamAckDeadlineSeconds) this.ackDeadlineMs = request.streamAckDeadlineSeconds * SECOND;
    const expired = this.#subscription.acknowledge(ackIds);
    const notModified = modifyIds.filter(
      (id, index) => !this.#subscription.modifyAckDeadline(id, seconds[index]),
    );
    if (!this.#subscription.config.enableExactlyOnceDelivery || ackIds.length + modifyIds.length === 0)
      return;
    this.#call.write({
      acknowledgeConfirmation: confirmation(ackIds, expired),
      modifyAckDeadlineConfirmation: confirmation(modifyIds, notModified),
    });
  }

  allowance(): Allowance {
    const messages = Math.min(RESPONSE.messages, this.#maxMessages - this.#outstandingMessages);
    const bytes = Math.min(RESPONSE.bytes, this.#maxBytes - this.#outstandingBytes);
    if (this.#isClosed || this.#call.writableNeedDrain || bytes <= 0) return NOTHING;
    return { ...RESPONSE, messages, bytes };
  }

  deliver(deliveries: Delivery[]): void {
    this.#outstandingMessages += deliveries.length;
    for (const { message } of deliveries) this.#outstandingBytes += message.data.length;
    this.#call.write({
      receivedMessages: deliveries.map((delivery) => toReceivedMessage(this.#subscription, delivery)),
      subscriptionProperties: this.#properties(),
    });
  }

  released({ message }: Delivery): void {
    this.#outstandingMessages--;
    this.#outstandingBytes -= message.data.length;
  }

  end(reason: StatusError): void {
    this.#isClosed = true;
    this.#call.emit('error', reason);
  }

  #properties() {
    const { enableExactlyOnceDelivery, enableMessageOrdering } = this.#subscription.config;
    return {
      exactlyOnceDeliveryEnabled: enableExactlyOnceDelivery ?? false,
      messageOrderingEnabled: enableMessageOrdering ?? false,
    };
  }
}

function check(request: Request): void {
  const { ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds, streamAckDeadlineSeconds } = request;
  const malformed = [...(ackIds ?? []), ...(modifyDeadlineAckIds ?? [])].find((ackId) => !isAckId(ackId));
  if (malformed !== undefined) {
    throw invalidArgument(`You have passed an invalid ack ID to the service (ack_id=${malformed}).`);
  }
  if (modifyDeadlineAckIds?.length !== modifyDeadlineSeconds?.length) {
    throw invalidArgument('modify_deadline_ack_ids and modify_deadline_seconds must have the same size.');
  }
  if (modifyDeadlineSeconds?.some((seconds) => seconds < 0 || seconds > 600)) {
    throw invalidArgument('Invalid modify_deadline_seconds given: each must be between 0 and 600.');
  }
  if (streamAckDeadlineSeconds && (streamAckDeadlineSeconds < 10 || streamAckDeadlineSeconds > 600)) {
    throw invalidArgument(
      `Invalid ack deadline given (stream_ack_deadline_seconds=${streamAckDeadlineSeconds}): it must be between 10 and 600.`,
    );
  }
}

/** Zero and less mean that there is no limit. */
function limit(given: Request['maxOutstandingBytes']): number {
  const value = Number(String(given ?? 0));
  return value > 0 ? value : Number.POSITIVE_INFINITY;
}

function confirmation(ids: string[], failed: string[]) {
  const invalid = new Set(failed);
  return { ackIds: ids.filter((id) => !invalid.has(id)), invalidAckIds: failed };
}
