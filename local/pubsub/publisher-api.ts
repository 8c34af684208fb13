import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import type { GrpcModule, MessageInput } from '../boundaries.ts';
import type { PubSub } from './broker.ts';
import { page } from './paging.ts';
import { MUTABLE_TOPIC_FIELDS, parseTopic, toTopic } from './topic-config.ts';
import { applyUpdateMask } from './update-mask.ts';

/** google.pubsub.v1.Publisher. */
export function publisherMethods(broker: PubSub): GrpcModule['unary'] {
  const { store } = broker;
  const topicResource = (name: string) => toTopic(store.topic(name).config);
  return {
    'google.pubsub.v1.Publisher/CreateTopic': (topic: google.pubsub.v1.Topic) => {
      broker.createTopic(topic);
      return topicResource(topic.name);
    },
    'google.pubsub.v1.Publisher/UpdateTopic': ({
      topic,
      updateMask,
    }: google.pubsub.v1.UpdateTopicRequest) => {
      const update = parseTopic(topic);
      const { config } = store.topic(update.name);
      broker.declareTopic(
        applyUpdateMask('Topic', config, update, updateMask?.paths ?? [], MUTABLE_TOPIC_FIELDS),
      );
      return topicResource(update.name);
    },
    'google.pubsub.v1.Publisher/GetTopic': ({ topic }: google.pubsub.v1.GetTopicRequest) =>
      topicResource(topic),
    'google.pubsub.v1.Publisher/DeleteTopic': ({ topic }: google.pubsub.v1.DeleteTopicRequest) => {
      broker.deleteTopic(topic);
      return {};
    },
    'google.pubsub.v1.Publisher/ListTopics': (request: google.pubsub.v1.ListTopicsRequest) => {
      const { names, nextPageToken } = page(within(store.state.topics, request.project), request);
      return { topics: names.map(topicResource), nextPageToken };
    },
    'google.pubsub.v1.Publisher/ListTopicSubscriptions': (
      request: google.pubsub.v1.ListTopicSubscriptionsRequest,
    ) => {
      const attached = [...store.topic(request.topic).subscriptions].map(({ name }) => name);
      const { names, nextPageToken } = page(attached, request);
      return { subscriptions: names, nextPageToken };
    },
    'google.pubsub.v1.Publisher/ListTopicSnapshots': (
      request: google.pubsub.v1.ListTopicSnapshotsRequest,
    ) => {
      const { name: topic } = store.topic(request.topic);
      const ofTopic = [...store.state.snapshots.values()].filter(({ config }) => config.topic === topic);
      const { names, nextPageToken } = page(
        ofTopic.map(({ config }) => config.name),
        request,
      );
      return { snapshots: names, nextPageToken };
    },
    'google.pubsub.v1.Publisher/Publish': ({ topic, messages }: google.pubsub.v1.PublishRequest) => ({
      messageIds: broker.publish(topic, messages.map(messageInput)),
    }),
    'google.pubsub.v1.Publisher/DetachSubscription': ({
      subscription,
    }: google.pubsub.v1.DetachSubscriptionRequest) => {
      broker.detachSubscription(subscription);
      return {};
    },
  };
}

/** The names of a project's resources. */
export function within(resources: ReadonlyMap<string, unknown>, project: string): string[] {
  return [...resources.keys()].filter((name) => name.startsWith(`${project}/`));
}

function messageInput(message: google.pubsub.v1.IPubsubMessage): MessageInput {
  const { data, attributes, orderingKey } = message;
  return {
    data: typeof data === 'string' ? Buffer.from(data, 'base64') : (data ?? undefined),
    attributes: attributes ?? undefined,
    orderingKey: orderingKey ?? undefined,
  };
}
