import { z } from 'zod';
import { checkName, invalidArgument, unimplemented } from './errors.ts';
import { compileFilter } from './filter.ts';
import { DAY, DurationMs, MINUTE, SECOND } from './time-values.ts';
import { checkRetention } from './topic-config.ts';

export const DELETED_TOPIC = '_deleted-topic_';

/** `z.nullish` for fields whose absence, null and proto default mean the same. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const PushConfigSchema = z.object({
  pushEndpoint: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  attributes: optional(z.record(z.string(), z.string())),
  oidcToken: optional(
    z.object({ serviceAccountEmail: optional(z.string()), audience: optional(z.string()) }),
  ),
  pubsubWrapper: optional(z.object({})),
  noWrapper: optional(z.object({ writeMetadata: optional(z.boolean()) })),
});
export type PushConfig = z.infer<typeof PushConfigSchema>;

const BigQueryConfigSchema = z.object({
  table: z.string(),
  useTopicSchema: optional(z.boolean()),
  useTableSchema: optional(z.boolean()),
  writeMetadata: optional(z.boolean()),
  dropUnknownFields: optional(z.boolean()),
  serviceAccountEmail: optional(z.string()),
});
export type BigQueryConfig = z.infer<typeof BigQueryConfigSchema>;

/** Pulumi says "never" with an empty ttl, gRPC by leaving it out. */
const ExpirationPolicy = z.object({
  ttl: optional(z.union([z.literal('').transform(() => undefined), DurationMs])),
});

const SubscriptionSchema = z.object({
  name: z.string(),
  topic: z.string(),
  pushConfig: optional(PushConfigSchema),
  bigqueryConfig: optional(BigQueryConfigSchema),
  ackDeadlineSeconds: optional(z.number().int()),
  retainAckedMessages: optional(z.boolean()),
  messageRetentionDuration: optional(DurationMs),
  labels: optional(z.record(z.string(), z.string())),
  enableMessageOrdering: optional(z.boolean()),
  enableExactlyOnceDelivery: optional(z.boolean()),
  expirationPolicy: optional(ExpirationPolicy),
  filter: optional(z.string()),
  deadLetterPolicy: optional(
    z.object({ deadLetterTopic: optional(z.string()), maxDeliveryAttempts: optional(z.number().int()) }),
  ),
  retryPolicy: optional(
    z.object({ minimumBackoff: optional(DurationMs), maximumBackoff: optional(DurationMs) }),
  ),
  detached: optional(z.boolean()),
  cloudStorageConfig: z.unknown().optional(),
  bigtableConfig: z.unknown().optional(),
  messageTransforms: optional(z.array(z.unknown())),
});
type ParsedSubscription = z.infer<typeof SubscriptionSchema>;
type Unsupported = 'cloudStorageConfig' | 'bigtableConfig' | 'messageTransforms';

/** A subscription as callers give it, without defaults; durations in milliseconds. */
export type SubscriptionInput = Pick<ParsedSubscription, 'name' | 'topic'> &
  Partial<Omit<ParsedSubscription, Unsupported>>;

/** A subscription as the service keeps it: the resource's own field names, durations in milliseconds. */
export interface SubscriptionConfig extends Omit<SubscriptionInput, 'deadLetterPolicy' | 'retryPolicy'> {
  ackDeadlineSeconds: number;
  messageRetentionDuration: number;
  expirationPolicy: { ttl: number | undefined };
  filter: string;
  labels: Record<string, string>;
  deadLetterPolicy?: { deadLetterTopic: string; maxDeliveryAttempts: number };
  retryPolicy?: { minimumBackoff: number; maximumBackoff: number };
}

export const MUTABLE_SUBSCRIPTION_FIELDS = [
  'push_config',
  'bigquery_config',
  'ack_deadline_seconds',
  'retain_acked_messages',
  'message_retention_duration',
  'labels',
  'expiration_policy',
  'dead_letter_policy',
  'retry_policy',
  'enable_exactly_once_delivery',
] as const;

/**
 * Reads a subscription from a gRPC request or from proto JSON.
 *
 * @throws INVALID_ARGUMENT for a malformed field, UNIMPLEMENTED for Cloud Storage, Bigtable and transforms
 */
export function parseSubscription(input: unknown): SubscriptionInput {
  const parsed = SubscriptionSchema.safeParse(input);
  if (!parsed.success) throw invalidArgument(`Invalid subscription: ${z.prettifyError(parsed.error)}`);
  const { cloudStorageConfig, bigtableConfig, messageTransforms, ...subscription } = parsed.data;
  if (cloudStorageConfig) throw unimplemented('Subscription.cloud_storage_config');
  if (bigtableConfig) throw unimplemented('Subscription.bigtable_config');
  if (messageTransforms?.length) throw unimplemented('Subscription.message_transforms');
  return subscription;
}

/** Reads a push configuration; one without an endpoint makes the subscription a pull subscription. */
export function parsePushConfig(input: unknown): PushConfig | undefined {
  return parseSubscription({ name: '', topic: '', pushConfig: input }).pushConfig;
}

/**
 * Adds the service's defaults and checks every field.
 *
 * @throws INVALID_ARGUMENT naming the field and its legal range
 */
export function completeSubscription(input: SubscriptionInput): SubscriptionConfig {
  checkName('subscriptions', input.name);
  compileFilter(input.filter ?? '');
  const pushConfig = input.pushConfig?.pushEndpoint ? input.pushConfig : undefined;
  if (pushConfig) checkPushConfig(pushConfig);
  if (input.bigqueryConfig) checkBigQueryConfig(input.bigqueryConfig);
  if (pushConfig && input.bigqueryConfig) {
    throw invalidArgument('At most one of push_config and bigquery_config may be set.');
  }
  if (input.enableExactlyOnceDelivery && (pushConfig || input.bigqueryConfig)) {
    throw invalidArgument('Exactly-once delivery is supported by pull subscriptions only.');
  }
  const messageRetentionDuration = input.messageRetentionDuration ?? 7 * DAY;
  checkRetention(messageRetentionDuration);
  const expirationPolicy = input.expirationPolicy ?? { ttl: 31 * DAY };
  if (expirationPolicy.ttl !== undefined && expirationPolicy.ttl < DAY) {
    throw invalidArgument(
      `Invalid expiration policy ttl given (ttl=${expirationPolicy.ttl / SECOND}s): at least 1 day.`,
    );
  }
  return {
    ...input,
    pushConfig,
    messageRetentionDuration,
    expirationPolicy,
    ackDeadlineSeconds: completeAckDeadline(input.ackDeadlineSeconds),
    filter: input.filter ?? '',
    labels: input.labels ?? {},
    deadLetterPolicy: completeDeadLetterPolicy(input.deadLetterPolicy),
    retryPolicy: completeRetryPolicy(input.retryPolicy),
  };
}

function completeAckDeadline(given: number | undefined): number {
  const seconds = given || 10;
  if (seconds >= 10 && seconds <= 600) return seconds;
  throw invalidArgument(
    `Invalid ack deadline given (ackDeadlineSeconds=${seconds}): it must be between 10 and 600.`,
  );
}

function completeDeadLetterPolicy(policy: SubscriptionInput['deadLetterPolicy']) {
  if (!policy?.deadLetterTopic) return undefined;
  checkName('topics', policy.deadLetterTopic);
  const maxDeliveryAttempts = policy.maxDeliveryAttempts || 5;
  if (maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100) {
    throw invalidArgument(
      `Invalid dead letter policy given (maxDeliveryAttempts=${maxDeliveryAttempts}): it must be between 5 and 100.`,
    );
  }
  return { deadLetterTopic: policy.deadLetterTopic, maxDeliveryAttempts };
}

function completeRetryPolicy(policy: SubscriptionInput['retryPolicy']) {
  if (!policy) return undefined;
  const { minimumBackoff = 10 * SECOND, maximumBackoff = 10 * MINUTE } = policy;
  if (minimumBackoff > maximumBackoff || maximumBackoff > 10 * MINUTE) {
    throw invalidArgument(
      `Invalid retry policy given (minimumBackoff=${minimumBackoff / SECOND}s, maximumBackoff=${maximumBackoff / SECOND}s): both must be between 0 and 600 seconds, the minimum at most the maximum.`,
    );
  }
  return { minimumBackoff, maximumBackoff };
}

function checkPushConfig({ pushEndpoint, pubsubWrapper, noWrapper }: PushConfig): void {
  if (!URL.canParse(pushEndpoint) || !/^https?:$/.test(new URL(pushEndpoint).protocol)) {
    throw invalidArgument(
      `Invalid push endpoint given (endpoint=${pushEndpoint}). Refer to https://cloud.google.com/pubsub/docs/push for more information.`,
    );
  }
  if (pubsubWrapper && noWrapper)
    throw invalidArgument('At most one of pubsub_wrapper and no_wrapper may be set.');
}

function checkBigQueryConfig(config: BigQueryConfig): void {
  parseTable(config.table);
  if (config.useTopicSchema && config.useTableSchema) {
    throw invalidArgument('use_topic_schema and use_table_schema cannot be enabled at the same time.');
  }
  if (config.useTopicSchema) {
    throw invalidArgument(
      'use_topic_schema is set, but the topic has no schema; set use_table_schema instead.',
    );
  }
}

/** Splits `project.dataset.table` or `project:dataset.table`. @throws INVALID_ARGUMENT */
export function parseTable(table: string): { projectId: string; datasetId: string; tableId: string } {
  const match = /^((?:[^.:]+:)?[^.:]+)[.:]([^.]+)\.([^.]+)$/.exec(table);
  if (match) return { projectId: match[1], datasetId: match[2], tableId: match[3] };
  throw invalidArgument(
    `Invalid BigQuery table given (table=${table}): it must have the form {projectId}.{datasetId}.{tableId}.`,
  );
}
