import type * as pulumi from '@pulumi/pulumi';
import { Account } from './components/account.ts';
import type { AlertChannel } from './components/alert-channel.ts';
import type { EventTopic } from './components/event-topic.ts';
import { Handler } from './components/handler.ts';
import { PushSubscription, type PushTarget } from './components/push-subscription.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { EventTopics } from './components/topics.ts';
import { asksForRuns, onLake } from './scheduled-runs.ts';
import type { TrainingSettings } from './settings.ts';

const LOOKS_BACK = 'finds the newest drop, and keeps what each window was answered with';

/** Where models are served: the handler of monitoring's alerts, which publishes `drift-detected`. */
export function declareDriftAlerts(
  tenancy: Tenancy,
  account: Account,
  { alerts, park }: { alerts: AlertChannel; park: PushTarget },
): Handler {
  return new Handler('alert', {
    purpose: "Turns model monitoring's alerts into events.",
    tenancy,
    account,
    wokenBy: { topic: alerts.topic, park },
  });
}

/**
 * Carries `drift-detected` over to where models are trained, where that answers drift at all. Production owns the
 * subscription and pushes, as an account that may call that one function, since nothing of non-production may
 * subscribe here (docs/adr/0007-drift-crosses-by-push.md).
 *
 * @param mayInvoke the grant that permits the pushes, where this stack declares it
 */
export function pushDrift(
  tenancy: Tenancy,
  identity: Account,
  { topics, park, retrain }: { topics: EventTopics; park: PushTarget; retrain: PushTarget },
  mayInvoke: pulumi.Resource[] = [],
): void {
  const { topic } = topics.get('drift-detected')!;
  new PushSubscription('retrain', { topic, target: retrain, park, tenancy, mayInvoke, identity });
}

/** Where models are trained: the handler that answers drift, if the config asks for an answer. */
export function declareRetraining(
  tenancy: Tenancy,
  { project, retraining }: TrainingSettings,
  { bucket, drops }: { bucket: pulumi.Input<string>; drops: EventTopic },
): Handler | undefined {
  if (retraining === 'off') return undefined;
  const account = new Account('retrain', {
    project,
    purpose: 'asks for a run when production detects drift',
    grants: {
      ...onLake(bucket, 'roles/storage.objectUser', LOOKS_BACK),
      ...asksForRuns(drops),
    },
  });
  return new Handler('retrain', {
    purpose: 'Asks for a run when production detects drift.',
    tenancy,
    account,
    calledFromElsewhere: true,
  });
}
