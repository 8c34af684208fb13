import type { TableField, TableWriter } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { DestinationBackoff } from './backoff.ts';
import { type Row, rowOf } from './bigquery-row.ts';
import type { Clock } from './clock.ts';
import { type Consumer, type Delivery, NOTHING } from './consumer.ts';
import type { Allowance } from './ready-queue.ts';
import type { Subscription } from './subscription.ts';
import { type BigQueryConfig, parseTable } from './subscription-config.ts';

/** Values of google.pubsub.v1.BigQueryConfig.State. */
export const BigQueryState = { ACTIVE: 1, PERMISSION_DENIED: 2, NOT_FOUND: 3, SCHEMA_MISMATCH: 4 } as const;
export type BigQueryState = (typeof BigQueryState)[keyof typeof BigQueryState];

const BATCH: Allowance = { messages: 500, bytes: 4 << 20, perOrderingKey: 500 };

/**
 * The least time from one write to the next. What arrives meanwhile is one batch: a transaction for each message
 * would keep the warehouse from everybody else when thousands arrive in a second.
 */
const PAUSE_MS = 200;
/** A write may have to wait for a long one of somebody else's. */
const ACK_DEADLINE_MS = 600_000;

/** Appends a subscription's messages to a table, one batch after the other; each row at least once. */
export class BigQueryConsumer implements Consumer {
  state: BigQueryState = BigQueryState.ACTIVE;
  readonly ackDeadlineMs = ACK_DEADLINE_MS;

  readonly #subscription: Subscription;
  readonly #config: BigQueryConfig;
  readonly #tables: TableWriter;
  readonly #clock: Clock;
  readonly #backoff: DestinationBackoff;
  #isBusy = false;

  constructor(subscription: Subscription, config: BigQueryConfig, tables: TableWriter, clock: Clock) {
    this.#subscription = subscription;
    this.#config = config;
    this.#tables = tables;
    this.#clock = clock;
    this.#backoff = new DestinationBackoff(clock, () => subscription.wake());
  }

  allowance(): Allowance {
    return this.#isBusy || this.#backoff.isPausing ? NOTHING : BATCH;
  }

  deliver(deliveries: Delivery[]): void {
    void this.#write(deliveries);
  }

  released(): void {}

  end(): void {
    this.#backoff.stop();
  }

  async #write(deliveries: Delivery[]): Promise<void> {
    this.#isBusy = true;
    try {
      const columns = await this.#tables.schema(parseTable(this.#config.table));
      await this.#append(deliveries, columns);
    } catch (error) {
      this.#refuse(deliveries, error);
    }
    this.#clock.after(PAUSE_MS, () => {
      this.#isBusy = false;
      this.#subscription.wake();
    });
  }

  /** An append is all or nothing, so a batch that fails is tried again row by row: the good ones get through. */
  async #append(deliveries: Delivery[], columns: TableField[]): Promise<void> {
    try {
      const rows = deliveries.map((delivery) => this.#row(delivery, columns));
      await this.#tables.append(parseTable(this.#config.table), rows);
    } catch (error) {
      if (deliveries.length === 1) {
        this.#refuse(deliveries, error);
        return;
      }
      for (const delivery of deliveries) await this.#append([delivery], columns);
      return;
    }
    this.state = BigQueryState.ACTIVE;
    this.#backoff.succeeded();
    this.#subscription.acknowledge(deliveries.map(({ ackId }) => ackId));
  }

  #row(delivery: Delivery, columns: TableField[]): Row {
    return rowOf(delivery.message, this.#subscription.name, this.#config, columns);
  }

  #refuse(deliveries: Delivery[], error: unknown): void {
    this.state = stateAfter(error);
    this.#backoff.failed();
    for (const delivery of deliveries) this.#subscription.refuse(delivery);
  }
}

function stateAfter(error: unknown): BigQueryState {
  if (!(error instanceof StatusError)) return BigQueryState.SCHEMA_MISMATCH;
  if (error.status === 'NOT_FOUND') return BigQueryState.NOT_FOUND;
  return error.status === 'PERMISSION_DENIED'
    ? BigQueryState.PERMISSION_DENIED
    : BigQueryState.SCHEMA_MISMATCH;
}
