import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DeclaredResource } from './declared.ts';
import { readNotification } from './storage.ts';

type Notification = ReturnType<typeof readNotification>;

/** What can take back what an earlier program declared; each method takes what may be gone already. */
export interface ForgetfulCloud {
  stateDir: string;
  broker: { deleteTopic(name: string): void; deleteSubscription(name: string): void };
  scheduler: { deleteJob(name: string): void };
  storage: { withdrawNotification(bucket: string, notification: Omit<Notification, 'bucket'>): void };
}

const Declared = z.object({
  topics: z.array(z.string()),
  subscriptions: z.array(z.string()),
  jobs: z.array(z.string()),
  /** As JSON text, since a notification has no name of its own. */
  notifications: z.array(z.string()),
});
type Declared = z.infer<typeof Declared>;

/**
 * Takes back the wiring that the program declared at the last start and declares no more, as `pulumi up` would.
 * What was made through the APIs stays: the program never knew of it.
 */
export function forgetUndeclared(resources: DeclaredResource[], cloud: ForgetfulCloud): void {
  const file = join(cloud.stateDir, 'declared.json');
  const now = declaredBy(resources);
  if (existsSync(file)) {
    const before = Declared.parse(JSON.parse(readFileSync(file, 'utf8')));
    const gone = (kind: keyof Declared) => before[kind].filter((name) => !now[kind].includes(name));
    for (const text of gone('notifications')) {
      const { bucket, ...notification } = JSON.parse(text) as Notification;
      cloud.storage.withdrawNotification(bucket, notification);
    }
    for (const name of gone('subscriptions')) ifThere(() => cloud.broker.deleteSubscription(name));
    for (const name of gone('topics')) ifThere(() => cloud.broker.deleteTopic(name));
    for (const name of gone('jobs')) ifThere(() => cloud.scheduler.deleteJob(name));
  }
  writeFileSync(file, JSON.stringify(now, null, 2));
}

function declaredBy(resources: DeclaredResource[]): Declared {
  const idsOf = (type: string) => resources.filter((resource) => resource.type === type).map(({ id }) => id);
  return {
    topics: idsOf('gcp:pubsub/topic:Topic'),
    subscriptions: idsOf('gcp:pubsub/subscription:Subscription'),
    jobs: idsOf('gcp:cloudscheduler/job:Job'),
    notifications: resources
      .filter(({ type }) => type === 'gcp:storage/notification:Notification')
      .map((resource) => JSON.stringify(readNotification(resource))),
  };
}

/** An operator may have deleted it meanwhile. */
function ifThere(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if ((error as { status?: string }).status !== 'NOT_FOUND') throw error;
  }
}
