import { ALERT_TOPIC } from '../events/topics.ts';
import { Account } from './components/account.ts';
import { AlertChannel } from './components/alert-channel.ts';
import { EventLedger } from './components/event-ledger.ts';
import { FunctionSource } from './components/function-source.ts';
import { grant } from './components/grants.ts';
import { declareImages } from './components/images.ts';
import { Notebook } from './components/notebook.ts';
import { type AgentOnRequest, ServiceAgents } from './components/service-agents.ts';
import type { Tenancy } from './components/tenancy.ts';
import { declareEventTopics } from './components/topics.ts';
import { WorkloadFiles } from './components/workload-files.ts';
import { declareDriftAlerts, declareRetraining, pushDrift } from './drift.ts';
import { declareEncryption, EVERYWHERE, SERVING, TRAINING } from './encryption.ts';
import { declareNetwork } from './network.ts';
import { declareNonprodAccounts } from './nonprod-accounts.ts';
import { declareObservability } from './observability.ts';
import {
  onlyDeclared,
  type ServingOutputs,
  type StackOutputs,
  stackOutputs,
  type TrainingOutputs,
} from './outputs.ts';
import { declareServingAccounts, settlesServing } from './prod-accounts.ts';
import { admitComposer, declareScheduledRuns } from './scheduled-runs.ts';
import { declareServingHandlers, endpointName } from './serving.ts';
import type { DevSettings } from './settings.ts';
import { declareTrainingHandlers, declareTrainingLake } from './training.ts';
import { servingVariables, trainingVariables } from './variables.ts';

type DevOutputs = StackOutputs & TrainingOutputs & ServingOutputs & { notebook?: Notebook['uri'] };

/**
 * One project that plays both parts, for one who works on a model alone. The stages are the same functions as in the
 * two projects, and share what each of those has one of: the bucket, the key, `settle` and `park`.
 */
export function declareDev(settings: DevSettings): DevOutputs {
  const also: AgentOnRequest[] = [
    'dataflow',
    'eventarc',
    ...(settings.notebook ? (['notebooks'] as const) : []),
  ];
  const agents = new ServiceAgents('service-agents', { ...settings, also });
  const kmsKey = declareEncryption(settings, agents, [...EVERYWHERE, ...TRAINING, ...SERVING, ...also]);
  const encrypted = { ...settings, kmsKey };
  const topics = declareEventTopics(['nonprod', 'prod'], encrypted);
  const ledger = new EventLedger('event-ledger', { ...encrypted, topics });
  const alerts = new AlertChannel(ALERT_TOPIC, { ...encrypted, purpose: "model monitoring's alerts" });
  const { bucket, drops, signals } = declareTrainingLake(encrypted, agents);
  declareImages(encrypted, 'The images of the training, evaluation and prediction containers.');
  const workload = new WorkloadFiles(settings.model, { bucket, kmsKey });
  const serving = declareServingAccounts(settings, { bucket, topics });
  const training = declareNonprodAccounts(
    settings,
    { bucket, topics },
    settlesServing(serving.serving, { bucket, topics }),
  );
  const subnetwork = declareNetwork(settings, { agents, worker: training.dataflowWorker });
  const tenancy: Tenancy = {
    settings,
    kmsKey,
    agents,
    source: new FunctionSource('function-source', { ...encrypted, agents, bucket }),
    pushIdentity: training.push,
    variables: {
      ...trainingVariables(settings, {
        bucket,
        kmsKey,
        workload: workload.descriptor,
        subnetwork,
        dataflowAccount: training.dataflowWorker.email,
        trainingAccount: training.training.email,
      }),
      ...servingVariables(settings, {
        bucket,
        kmsKey,
        servingAccount: serving.serving.email,
        evaluationAccount: serving.evaluation.email,
        notificationChannel: alerts.channel,
      }),
    },
  };
  const { park, handlers } = declareTrainingHandlers(tenancy, training, { drops, signals, topics });
  const stages = declareServingHandlers(tenancy, serving, {
    settings,
    evalPassed: topics.get('eval-passed')!.topic,
    topics,
    park,
  });
  const columns = 'reads the columns, from which the schema of the analysis follows';
  const metadata = { id: settings.dataset, roles: [{ role: 'roles/bigquery.metadataViewer', why: columns }] };
  grant('monitor', serving.monitor.member, settings.project, { dataset: metadata }, {});
  const alert = declareDriftAlerts(tenancy, serving.alert, { alerts, park });
  const retrain = declareRetraining(tenancy, settings, { bucket, drops });
  if (retrain) {
    const why = 'delivers the drift that wakes retrain';
    const mayRetrain = retrain.grantInvoker('push', serving.retrainPush, why);
    pushDrift(tenancy, serving.retrainPush, { topics, park, retrain }, [mayRetrain]);
  }
  const start = declareScheduledRuns(tenancy, settings, { bucket, drops, scheduler: training.scheduler });
  admitComposer(settings, { bucket, drops });
  const notebook =
    settings.notebook && subnetwork
      ? new Notebook('notebook', {
          project: settings.project,
          zone: settings.notebookZone,
          machineType: settings.notebookMachineType,
          owner: settings.notebookOwner,
          account: notebookAccount(settings, bucket),
          subnetwork,
          kmsKey,
          protect: settings.protect,
        })
      : undefined;
  declareObservability(settings);
  return {
    ...stackOutputs(['nonprod', 'prod'], settings, {
      bucket,
      kmsKey,
      topics,
      ledger,
      handlers: [...handlers, ...stages, alert, ...onlyDeclared(retrain, start)],
    }),
    dataset: `${settings.project}.${settings.dataset}`,
    workload: workload.descriptor,
    endpoint: endpointName(settings),
    ...(notebook && { notebook: notebook.uri }),
  };
}

/** Whoever explores reads the files and tables of runs, and can't change them; asks the endpoint, and tries jobs. */
function notebookAccount({ project, dataset }: DevSettings, bucket: Account['email']): Account {
  return new Account('notebook', {
    project,
    purpose: 'runs the notebook',
    grants: {
      project: [
        { role: 'roles/aiplatform.user', why: 'asks the endpoint, and tries jobs' },
        { role: 'roles/bigquery.jobUser', why: 'queries the tables of runs' },
        { role: 'roles/logging.logWriter', why: "writes the notebook's own log" },
      ],
      dataset: {
        id: dataset,
        roles: [{ role: 'roles/bigquery.dataViewer', why: 'reads the tables of runs' }],
      },
      buckets: [{ name: 'lake', bucket, role: 'roles/storage.objectViewer', why: 'reads the files of runs' }],
    },
  });
}
