import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import type { GrpcModule } from '../boundaries.ts';
import type { PubSub } from './broker.ts';
import { AckIdsExpired, invalidArgument } from './errors.ts';
import { isAckId } from './leases.ts';
import { page } from './paging.ts';
import { within } from './publisher-api.ts';
import { checkPullable, pull, toReceivedMessage } from './pull.ts';
import type { Subscription } from './subscription.ts';
import { MUTABLE_SUBSCRIPTION_FIELDS, parsePushConfig, parseSubscription } from './subscription-config.ts';
import { toSubscription } from './subscription-resource.ts';
import { applyUpdateMask } from './update-mask.ts';

/** google.pubsub.v1.Subscriber's unary methods, except those of snapshots and seek. */
export function subscriberMethods(broker: PubSub): GrpcModule['unary'] {
  const { store } = broker;
  const resource = (name: string) => {
    const subscription = store.subscription(name);
    return toSubscription(subscription, store.state.topics.get(subscription.config.topic));
  };
  return {
    'google.pubsub.v1.Subscriber/CreateSubscription': (subscription: google.pubsub.v1.Subscription) => {
      broker.createSubscription(subscription);
      return resource(subscription.name);
    },
    'google.pubsub.v1.Subscriber/GetSubscription': ({
      subscription,
    }: google.pubsub.v1.GetSubscriptionRequest) => resource(subscription),
    'google.pubsub.v1.Subscriber/UpdateSubscription': (
      request: google.pubsub.v1.UpdateSubscriptionRequest,
    ) => {
      const update = parseSubscription(request.subscription);
      const { config } = store.subscription(update.name);
      const paths = request.updateMask?.paths ?? [];
      broker.updateSubscription(
        applyUpdateMask('Subscription', config, update, paths, MUTABLE_SUBSCRIPTION_FIELDS),
      );
      return resource(update.name);
    },
    'google.pubsub.v1.Subscriber/ListSubscriptions': (request: google.pubsub.v1.ListSubscriptionsRequest) => {
      const { names, nextPageToken } = page(within(store.state.subscriptions, request.project), request);
      return { subscriptions: names.map(resource), nextPageToken };
    },
    'google.pubsub.v1.Subscriber/DeleteSubscription': ({
      subscription,
    }: google.pubsub.v1.DeleteSubscriptionRequest) => {
      broker.deleteSubscription(subscription);
      return {};
    },
    'google.pubsub.v1.Subscriber/ModifyPushConfig': ({
      subscription,
      pushConfig,
    }: google.pubsub.v1.ModifyPushConfigRequest) => {
      broker.modifyPushConfig(subscription, parsePushConfig(pushConfig));
      return {};
    },
    'google.pubsub.v1.Subscriber/Pull': async (request: google.pubsub.v1.PullRequest) => {
      const subscription = store.subscription(request.subscription);
      checkPullable(subscription);
      if (request.maxMessages <= 0) {
        throw invalidArgument(
          `The value for max_messages is too small. You passed ${request.maxMessages} in the request, but the minimum value is 1.`,
        );
      }
      const deliveries = await pull(subscription, request.maxMessages, request);
      return { receivedMessages: deliveries.map((delivery) => toReceivedMessage(subscription, delivery)) };
    },
    'google.pubsub.v1.Subscriber/Acknowledge': (request: google.pubsub.v1.AcknowledgeRequest) => {
      const subscription = store.subscription(request.subscription);
      checkAckIds(request.ackIds);
      confirm(subscription, subscription.acknowledge(request.ackIds));
      return {};
    },
    'google.pubsub.v1.Subscriber/ModifyAckDeadline': (request: google.pubsub.v1.ModifyAckDeadlineRequest) => {
      const subscription = store.subscription(request.subscription);
      const { ackIds, ackDeadlineSeconds } = request;
      checkAckIds(ackIds);
      if (ackDeadlineSeconds < 0 || ackDeadlineSeconds > 600) {
        throw invalidArgument(
          `Invalid ack deadline given (ackDeadlineSeconds=${ackDeadlineSeconds}): it must be between 0 and 600.`,
        );
      }
      confirm(
        subscription,
        ackIds.filter((ackId) => !subscription.modifyAckDeadline(ackId, ackDeadlineSeconds)),
      );
      return {};
    },
  };
}

function checkAckIds(ackIds: readonly string[]): void {
  const malformed = ackIds.find((ackId) => !isAckId(ackId));
  if (malformed !== undefined) {
    throw invalidArgument(`You have passed an invalid ack ID to the service (ack_id=${malformed}).`);
  }
}

/** Only an exactly-once subscription tells the caller of ids that came too late. */
function confirm({ config }: Subscription, expired: string[]): void {
  if (config.enableExactlyOnceDelivery && expired.length > 0) throw new AckIdsExpired(expired);
}
