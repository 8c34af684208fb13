import * as pulumi from '@pulumi/pulumi';
import { ALERT_TOPIC, SIGNAL_TOPICS } from '../events/topics.ts';
import { AlertChannel } from './components/alert-channel.ts';
import { EventLedger } from './components/event-ledger.ts';
import { EventTopic } from './components/event-topic.ts';
import { FunctionSource } from './components/function-source.ts';
import { Handler } from './components/handler.ts';
import { declareImages } from './components/images.ts';
import { Lake } from './components/lake.ts';
import { Schedule } from './components/schedule.ts';
import { ServiceAgents } from './components/service-agents.ts';
import type { Tenancy } from './components/tenancy.ts';
import { declareEventTopics } from './components/topics.ts';
import { declareDriftAlerts, pushDrift } from './drift.ts';
import { declareEncryption, EVERYWHERE, SERVING } from './encryption.ts';
import { declareObservability } from './observability.ts';
import { type ServingOutputs, type StackOutputs, stackOutputs } from './outputs.ts';
import { declareProdAccounts } from './prod-accounts.ts';
import { declareProduction } from './release.ts';
import { declareServingHandlers, endpointName } from './serving.ts';
import type { ProdSettings } from './settings.ts';
import { servingVariables } from './variables.ts';

/** The project where models that passed are approved, deployed and monitored. */
export async function declareProd(settings: ProdSettings): Promise<StackOutputs & ServingOutputs> {
  const agents = new ServiceAgents('service-agents', settings);
  const kmsKey = declareEncryption(settings, agents, [...EVERYWHERE, ...SERVING]);
  const encrypted = { ...settings, kmsKey };
  const topics = declareEventTopics(['prod'], encrypted);
  const ledger = new EventLedger('event-ledger', { ...encrypted, topics });
  const alerts = new AlertChannel(ALERT_TOPIC, { ...encrypted, purpose: "model monitoring's alerts" });
  const signals = new EventTopic('signals', encrypted);
  const { bucket } = new Lake('lake', {
    ...{ ...encrypted, agents },
    notifications: [{ topic: signals, prefix: SIGNAL_TOPICS.signals.prefix }],
  });
  declareImages(encrypted, 'The images of the evaluation and prediction containers.');
  const accounts = declareProdAccounts(settings, { bucket, topics });
  const tenancy: Tenancy = {
    settings,
    kmsKey,
    agents,
    source: new FunctionSource('function-source', { ...encrypted, agents, bucket }),
    pushIdentity: accounts.push,
    variables: servingVariables(settings, {
      bucket,
      kmsKey,
      servingAccount: accounts.serving.email,
      evaluationAccount: accounts.evaluation.email,
      notificationChannel: alerts.channel,
    }),
  };
  const nonprod = await nonprodOutputs(settings);
  const park = new Handler('park', {
    purpose: 'Parks messages that no handler could handle.',
    tenancy,
    account: accounts.park,
  });
  const handlers = declareServingHandlers(tenancy, accounts, {
    settings,
    evalPassed: nonprod.evalPassed,
    topics,
    park,
  });
  const alert = declareDriftAlerts(tenancy, accounts.alert, { alerts, park });
  if (nonprod.retrain) pushDrift(tenancy, accounts.retrainPush, { topics, park, retrain: nonprod.retrain });
  const settle = new Handler('settle', {
    purpose: 'Finishes stages whose operations have ended.',
    tenancy,
    account: accounts.settle,
    wokenBy: { topic: signals.topic, park },
    maxInstances: 1,
  });
  new Schedule('settle-every-minute', {
    ...settings,
    purpose: 'Finishes what no signal told of.',
    schedule: settings.settleSchedule,
    target: settle,
    identity: accounts.scheduler,
  });
  declareObservability(settings);
  declareProduction(settings);
  return {
    ...stackOutputs(['prod'], settings, {
      ...{ bucket, kmsKey, topics, ledger },
      handlers: [park, ...handlers, alert, settle],
    }),
    endpoint: endpointName(settings),
  };
}

/** The topic on which production hears of models that passed, and the function that answers drift, where there is one. */
async function nonprodOutputs({ nonprodStack }: ProdSettings) {
  const name = nonprodStack ?? `${pulumi.getOrganization()}/${pulumi.getProject()}/nonprod`;
  const stack = new pulumi.StackReference(name);
  const topics = stack.requireOutput('topics') as pulumi.Output<Record<string, string>>;
  // Awaited, since what is declared here depends on it.
  const functions: Record<string, string> = await stack.requireOutputValue('functions');
  return {
    evalPassed: topics.apply((byEvent) => byEvent['eval-passed']),
    retrain: functions.retrain ? { uri: pulumi.output(functions.retrain) } : undefined,
  };
}
