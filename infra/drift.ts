import type * as pulumi from '@pulumi/pulumi';
import type { Account } from './components/account.ts';
import type { AlertChannel } from './components/alert-channel.ts';
import { Handler } from './components/handler.ts';
import { PushSubscription, type PushTarget } from './components/push-subscription.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { EventTopics } from './components/topics.ts';

/**
 * Where models are served: the handler of monitoring's alerts, and the subscription that carries `drift-detected`
 * over to where they are trained. Production owns it and pushes, as an account that may call that one function, since
 * nothing of non-production may subscribe here (docs/adr/0007-drift-crosses-by-push.md).
 */
export function declareDriftAlerts(
  tenancy: Tenancy,
  accounts: { alert: Account; retrainPush: Account },
  made: { alerts: AlertChannel; topics: EventTopics; park: PushTarget; retrain: PushTarget },
  /** The grant that permits the pushes, where this stack declares it. */
  mayInvoke: pulumi.Resource[] = [],
): Handler {
  const { alerts, topics, park, retrain } = made;
  new PushSubscription('retrain', {
    topic: topics.get('drift-detected')!.topic,
    target: retrain,
    park,
    tenancy,
    mayInvoke,
    identity: accounts.retrainPush,
  });
  return new Handler('alert', {
    purpose: "Turns model monitoring's alerts into events.",
    tenancy,
    account: accounts.alert,
    wokenBy: { topic: alerts.topic, park },
  });
}

/** Where models are trained: the handler that answers drift with a run, if the config says so. */
export function declareRetraining(tenancy: Tenancy, account: Account): Handler {
  return new Handler('retrain', {
    purpose: 'Asks for a run when production detects drift.',
    tenancy,
    account,
    calledFromElsewhere: true,
  });
}
