import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Account } from './account.ts';
import type { EventTopic } from './event-topic.ts';
import { Grant, onTable } from './grant.ts';
import { EVENTS, eventsQuery, MESSAGES } from './ledger-schema.ts';
import type { EventTopics } from './topics.ts';

const DATASET = 'ledger';

export interface EventLedgerArgs {
  project: string;
  region: string;
  kmsKey: pulumi.Input<string> | undefined;
  topics: EventTopics;
  protect: boolean;
}

/**
 * Keeps every event that passed: one BigQuery subscription per topic writes what is published, with its attributes,
 * into one table, and a view has each event once. Each tenant has a ledger of its own in its own project, so that
 * neither writes into the other's.
 */
export class EventLedger extends pulumi.ComponentResource {
  /** The view's name in queries, `project.dataset.view`. */
  readonly events: pulumi.Output<string>;
  readonly #args: EventLedgerArgs;

  constructor(name: string, args: EventLedgerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:EventLedger', name, {}, opts);
    this.#args = args;
    const { project } = args;
    const table = this.#declareTable();
    const view = this.#declareView(table);
    // An account of its own: what Pub/Sub's agent may write to, any subscription of the project may write to.
    const writer = new Account(
      'ledger',
      { project, purpose: 'writes events to the ledger' },
      { parent: this },
    );
    const mayWrite = new Grant(
      'ledger-messages-bigquery.dataEditor',
      {
        role: 'roles/bigquery.dataEditor',
        why: "reads the table's columns, and appends every event",
        member: writer.member,
        on: onTable(project, DATASET, table.tableId),
      },
      { parent: this },
    );
    for (const topic of args.topics.values()) this.#subscribe(topic, table, writer, mayWrite);
    this.events = pulumi.interpolate`${project}.${DATASET}.${view.tableId}`;
    this.registerOutputs({ events: this.events });
  }

  #declareTable(): gcp.bigquery.Table {
    const { project, region, kmsKey, protect } = this.#args;
    const encryption = kmsKey ? { kmsKeyName: kmsKey } : undefined;
    const opts = { parent: this, protect };
    const dataset = new gcp.bigquery.Dataset(
      DATASET,
      {
        project,
        location: region,
        datasetId: DATASET,
        description: 'Every event that passed.',
        defaultEncryptionConfiguration: encryption,
      },
      opts,
    );
    return new gcp.bigquery.Table(
      MESSAGES.tableId,
      {
        project,
        datasetId: dataset.datasetId,
        ...MESSAGES,
        encryptionConfiguration: encryption,
        deletionProtection: protect,
      },
      opts,
    );
  }

  #declareView(table: gcp.bigquery.Table): gcp.bigquery.Table {
    const { project } = this.#args;
    return new gcp.bigquery.Table(
      EVENTS.tableId,
      {
        project,
        datasetId: table.datasetId,
        ...EVENTS,
        // It holds nothing: what it shows stays in the table.
        deletionProtection: false,
        view: {
          query: table.tableId.apply((id) => eventsQuery(`${project}.${DATASET}.${id}`)),
          useLegacySql: false,
        },
      },
      { parent: this },
    );
  }

  /**
   * Without a dead-letter topic, since any message fits the table: a write can only fail because the table or the
   * grant is gone, and then messages had better wait.
   */
  #subscribe(topic: EventTopic, table: gcp.bigquery.Table, writer: Account, mayWrite: Grant): void {
    const { project } = this.#args;
    const name = `ledger-${topic.name}`;
    new gcp.pubsub.Subscription(
      name,
      {
        project,
        name,
        topic: topic.topic,
        bigqueryConfig: {
          table: pulumi.interpolate`${project}.${DATASET}.${table.tableId}`,
          writeMetadata: true,
          serviceAccountEmail: writer.email,
        },
        messageRetentionDuration: `${7 * 24 * 3600}s`,
        expirationPolicy: { ttl: '' },
        retryPolicy: { minimumBackoff: '10s', maximumBackoff: '600s' },
      },
      { parent: this, dependsOn: mayWrite.iamMember },
    );
  }
}
