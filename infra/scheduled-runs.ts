import type { Input } from '@pulumi/pulumi';
import { Account } from './components/account.ts';
import type { EventTopic } from './components/event-topic.ts';
import { type Grants, grant } from './components/grants.ts';
import { Handler } from './components/handler.ts';
import { Schedule } from './components/schedule.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { TrainingSettings } from './settings.ts';

/** A tick that fails is sent again, for an hour at most: the next may be a week away. */
const RETRIES = {
  retryCount: 5,
  minBackoffDuration: '30s',
  maxBackoffDuration: '900s',
  maxRetryDuration: '3600s',
};

interface Made {
  bucket: Input<string>;
  drops: EventTopic;
}

/** Declares what starts a run over the newest drop by the clock, if the config says when. */
export function declareScheduledRuns(
  tenancy: Tenancy,
  { project, region, runSchedule }: TrainingSettings,
  { bucket, drops, scheduler }: Made & { scheduler: Account },
): Handler | undefined {
  if (!runSchedule) return undefined;
  const account = new Account('start', {
    project,
    purpose: 'starts runs by the clock',
    grants: {
      ...onLake(
        bucket,
        'roles/storage.objectUser',
        'finds the newest drop, and keeps what each tick asked for',
      ),
      ...asksForRuns(drops),
    },
  });
  const start = new Handler('start', {
    purpose: 'Asks for a run over the newest drop, by the clock.',
    tenancy,
    account,
    maxInstances: 1,
    scheduledOnly: true,
  });
  new Schedule('start-by-the-clock', {
    ...{ project, region },
    purpose: 'Starts a run over the newest drop.',
    schedule: runSchedule,
    retries: RETRIES,
    target: start,
    identity: scheduler,
  });
  return start;
}

/** Lets an orchestrator that starts runs do that, and follow them (integrations/composer). */
export function admitComposer({ project, composerAccount }: TrainingSettings, { bucket, drops }: Made): void {
  if (!composerAccount) return;
  const why = 'finds the newest drop, and reads how far its run is';
  const grants = { ...onLake(bucket, 'roles/storage.objectViewer', why), ...asksForRuns(drops) };
  grant('composer', composerAccount, project, grants, {});
}

/** A role on the bucket of drops and runs. */
export const onLake = (bucket: Input<string>, role: string, why: string): Grants => ({
  buckets: [{ name: 'lake', bucket, role, why }],
});

/** The topic that a run is asked for on. */
export const asksForRuns = ({ topic }: EventTopic): Grants => ({
  topics: [
    { name: 'drops', topic, role: 'roles/pubsub.publisher', why: 'asks for a run over the newest drop' },
  ],
});
