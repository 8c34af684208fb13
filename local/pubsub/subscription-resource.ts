import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { BigQueryConsumer, BigQueryState } from './bigquery-subscription.ts';
import type { Subscription } from './subscription.ts';
import { secondsAndNanos } from './time-values.ts';
import type { Topic } from './topic.ts';

/** Values of google.pubsub.v1.Subscription.State. */
const SubscriptionState = { ACTIVE: 1, RESOURCE_ERROR: 2 } as const;

/** The subscription as the API answers it. */
export function toSubscription(
  { config, destination }: Subscription,
  topic: Topic | undefined,
): google.pubsub.v1.ISubscription {
  const { retryPolicy, expirationPolicy, messageRetentionDuration, pushConfig, bigqueryConfig, ...rest } =
    config;
  const tableState = destination instanceof BigQueryConsumer ? destination.state : BigQueryState.ACTIVE;
  const isActive = tableState === BigQueryState.ACTIVE;
  return {
    ...rest,
    messageRetentionDuration: secondsAndNanos(messageRetentionDuration),
    topicMessageRetentionDuration: duration(topic?.config.messageRetentionDuration),
    expirationPolicy: { ttl: duration(expirationPolicy.ttl) },
    retryPolicy: retryPolicy && {
      minimumBackoff: duration(retryPolicy.minimumBackoff),
      maximumBackoff: duration(retryPolicy.maximumBackoff),
    },
    // Clients take a pull subscription's push configuration for empty, never for absent.
    pushConfig: pushConfig
      ? { ...pushConfig, attributes: { 'x-goog-version': 'v1', ...pushConfig.attributes } }
      : {},
    bigqueryConfig: bigqueryConfig && { ...bigqueryConfig, state: tableState },
    state: isActive ? SubscriptionState.ACTIVE : SubscriptionState.RESOURCE_ERROR,
  };
}

function duration(milliseconds: number | undefined): google.protobuf.IDuration | undefined {
  return milliseconds === undefined ? undefined : secondsAndNanos(milliseconds);
}
