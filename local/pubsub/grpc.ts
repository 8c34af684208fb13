import type { Authorize, GrpcModule } from '../boundaries.ts';
import type { PubSub } from './broker.ts';
import { publisherMethods } from './publisher-api.ts';
import { snapshotMethods } from './snapshot-api.ts';
import { type StreamingPullCall, serveStreamingPull } from './streaming-pull.ts';
import { subscriberMethods } from './subscriber-api.ts';

/**
 * The Pub/Sub API over gRPC. Schemas are not implemented.
 *
 * @param authorize asked for streams only: who may make a unary call is the server's to check
 */
export function pubsubGrpc(broker: PubSub, authorize: Authorize = () => {}): GrpcModule {
  return {
    protos: '@google-cloud/pubsub',
    files: ['google/pubsub/v1/pubsub.proto', 'google/pubsub/v1/schema.proto'],
    services: ['google.pubsub.v1.Publisher', 'google.pubsub.v1.Subscriber', 'google.pubsub.v1.SchemaService'],
    unary: { ...publisherMethods(broker), ...subscriberMethods(broker), ...snapshotMethods(broker) },
    streaming: {
      'google.pubsub.v1.Subscriber/StreamingPull': (call, { caller: { principal } }) =>
        serveStreamingPull(call as StreamingPullCall, (name) => {
          const resource = `//pubsub.googleapis.com/${name}`;
          authorize({ principal, permission: 'pubsub.subscriptions.consume', resource });
          return broker.store.subscription(name);
        }),
    },
  };
}
