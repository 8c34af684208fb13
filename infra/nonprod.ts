import { EventLedger } from './components/event-ledger.ts';
import type { EventTopic } from './components/event-topic.ts';
import { FunctionSource } from './components/function-source.ts';
import { grant } from './components/grants.ts';
import type { Handler } from './components/handler.ts';
import { declareImages } from './components/images.ts';
import type { Lake } from './components/lake.ts';
import { ServiceAgents, serviceAgent } from './components/service-agents.ts';
import type { Tenancy } from './components/tenancy.ts';
import { declareEventTopics } from './components/topics.ts';
import { WorkloadFiles } from './components/workload-files.ts';
import { declareRetraining } from './drift.ts';
import { declareEncryption, EVERYWHERE, TRAINING } from './encryption.ts';
import { declareNetwork } from './network.ts';
import { declareNonprodAccounts } from './nonprod-accounts.ts';
import { declareObservability } from './observability.ts';
import { onlyDeclared, type StackOutputs, stackOutputs, type TrainingOutputs } from './outputs.ts';
import { declareStaging } from './release.ts';
import { admitComposer, declareScheduledRuns } from './scheduled-runs.ts';
import type { NonprodSettings } from './settings.ts';
import { declareTrainingHandlers, declareTrainingLake } from './training.ts';
import { trainingVariables } from './variables.ts';

/** The project where models are trained and evaluated, and what the production project may read of it. */
export function declareNonprod(settings: NonprodSettings): StackOutputs & TrainingOutputs {
  const agents = new ServiceAgents('service-agents', { ...settings, also: ['dataflow', 'eventarc'] });
  const kmsKey = declareEncryption(settings, agents, [...EVERYWHERE, ...TRAINING]);
  const encrypted = { ...settings, kmsKey };
  const topics = declareEventTopics(['nonprod'], encrypted);
  const ledger = new EventLedger('event-ledger', { ...encrypted, topics });
  const { bucket, drops, signals } = declareTrainingLake(encrypted, agents);
  declareImages(encrypted, 'The images of the training and evaluation containers.');
  const workload = new WorkloadFiles(settings.model, { bucket, kmsKey });
  const accounts = declareNonprodAccounts(settings, { bucket, topics });
  const tenancy: Tenancy = {
    settings,
    kmsKey,
    agents,
    source: new FunctionSource('function-source', { ...encrypted, agents, bucket }),
    pushIdentity: accounts.push,
    variables: trainingVariables(settings, {
      bucket,
      kmsKey,
      workload: workload.descriptor,
      subnetwork: declareNetwork(settings, { agents, worker: accounts.dataflowWorker }),
      dataflowAccount: accounts.dataflowWorker.email,
      trainingAccount: accounts.training.email,
    }),
  };
  const { handlers } = declareTrainingHandlers(tenancy, accounts, { drops, signals, topics });
  const retrain = declareRetraining(tenancy, settings, { bucket, drops });
  const start = declareScheduledRuns(tenancy, settings, { bucket, drops, scheduler: accounts.scheduler });
  admitComposer(settings, { bucket, drops });
  shareWithProd(settings, { bucket, evalPassed: topics.get('eval-passed')!, retrain });
  declareObservability(settings);
  declareStaging(settings);
  return {
    ...stackOutputs(['nonprod'], settings, {
      ...{ bucket, kmsKey, topics, ledger },
      handlers: [...handlers, ...onlyDeclared(retrain, start)],
    }),
    dataset: `${settings.project}.${settings.dataset}`,
    workload: workload.descriptor,
  };
}

/**
 * Production pulls: its identities may attach to one topic and read one bucket and one dataset, and none from here may
 * do anything there. Where its drift is answered, one may call the function that does so.
 */
function shareWithProd(
  settings: NonprodSettings,
  made: { bucket: Lake['bucket']; evalPassed: EventTopic; retrain: Handler | undefined },
): void {
  const { project, dataset, prodProject, prodProjectNumber, prodDeployer } = settings;
  const evalPassed = {
    name: 'eval-passed',
    topic: made.evalPassed.topic,
    role: 'roles/pubsub.subscriber',
    why: "attaches production's subscription to the topic",
  };
  if (prodDeployer) {
    grant('prod-deployer', prodDeployer, project, { topics: [evalPassed] }, {});
  }
  if (!prodProject || !prodProjectNumber || !settings.prodIdentitiesExist) return;
  const lake = (why: string) => [
    { name: 'lake', bucket: made.bucket, role: 'roles/storage.objectViewer', why },
  ];
  const ofProd = (id: string) => `serviceAccount:${id}@${prodProject}.iam.gserviceaccount.com`;
  const evaluated = 'compares what was evaluated with its digests, right before it is taken and uploaded';
  for (const id of ['approve', 'deploy', 'settle']) {
    grant(`prod-${id}`, ofProd(id), project, { buckets: lake(evaluated) }, {});
  }
  const rows = { buckets: lake("reads the run's rows and the champion, which it evaluates on them") };
  grant('prod-evaluation', ofProd('evaluation'), project, rows, {});
  const columns = 'reads the columns, from which the schema of the analysis follows';
  const metadata = { id: dataset, roles: [{ role: 'roles/bigquery.metadataViewer', why: columns }] };
  grant('prod-monitor', ofProd('monitor'), project, { dataset: metadata }, {});
  made.retrain?.grantInvoker(
    'prod-push',
    { member: ofProd('retrain-push') },
    'delivers the drift that production detects, which nobody from here may hear there',
  );
  const baseline = 'reads the table that skew is measured against';
  grant(
    'prod-vertex-agent',
    serviceAgent('aiplatform.googleapis.com', prodProjectNumber),
    project,
    {
      buckets: lake('copies the artefact that it serves'),
      dataset: { id: dataset, roles: [{ role: 'roles/bigquery.dataViewer', why: baseline }] },
    },
    {},
  );
}
