import type { google } from '@google-cloud/pubsub/build/protos/protos.js';
import { z } from 'zod';
import type { GrpcModule } from '../boundaries.ts';
import type { PubSub } from './broker.ts';
import { invalidArgument } from './errors.ts';
import { page } from './paging.ts';
import { within } from './publisher-api.ts';
import { type SnapshotConfig, toSnapshot } from './snapshot.ts';
import { createSnapshot, seekToSnapshot, seekToTime } from './snapshots.ts';
import { TimestampMs } from './time-values.ts';
import { applyUpdateMask } from './update-mask.ts';

const SnapshotUpdate = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
  expireTime: TimestampMs.nullish(),
});

/** google.pubsub.v1.Subscriber's methods of snapshots and seek. */
export function snapshotMethods(broker: PubSub): GrpcModule['unary'] {
  const { store } = broker;
  const resource = (name: string) => toSnapshot(store.snapshot(name).config);
  return {
    'google.pubsub.v1.Subscriber/CreateSnapshot': (request: google.pubsub.v1.CreateSnapshotRequest) => {
      createSnapshot(store, broker.clock, request);
      return resource(request.name);
    },
    'google.pubsub.v1.Subscriber/GetSnapshot': ({ snapshot }: google.pubsub.v1.GetSnapshotRequest) =>
      resource(snapshot),
    'google.pubsub.v1.Subscriber/UpdateSnapshot': ({
      snapshot,
      updateMask,
    }: google.pubsub.v1.UpdateSnapshotRequest) => {
      const { name, labels, expireTime } = SnapshotUpdate.parse(snapshot);
      const { config: current } = store.snapshot(name);
      const update: SnapshotConfig = { ...current, labels: labels ?? {}, expireTime: expireTime ?? 0 };
      const paths = updateMask?.paths ?? [];
      const config = applyUpdateMask('Snapshot', current, update, paths, ['labels', 'expire_time']);
      store.commit({ type: 'snapshot-updated', config });
      return resource(name);
    },
    'google.pubsub.v1.Subscriber/ListSnapshots': (request: google.pubsub.v1.ListSnapshotsRequest) => {
      const { names, nextPageToken } = page(within(store.state.snapshots, request.project), request);
      return { snapshots: names.map(resource), nextPageToken };
    },
    'google.pubsub.v1.Subscriber/DeleteSnapshot': ({ snapshot }: google.pubsub.v1.DeleteSnapshotRequest) => {
      store.snapshot(snapshot);
      store.commit({ type: 'snapshot-deleted', name: snapshot });
      return {};
    },
    'google.pubsub.v1.Subscriber/Seek': ({ subscription, time, snapshot }: google.pubsub.v1.SeekRequest) => {
      if (snapshot) seekToSnapshot(store, subscription, snapshot);
      else if (time) seekToTime(store, subscription, TimestampMs.parse(time));
      else throw invalidArgument('The target of the seek must be set: a time or a snapshot.');
      return {};
    },
  };
}
