import type { protos } from '@google-cloud/dataflow';
import type { GrpcModule } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { DataflowEngine, Launch } from './engine.ts';
import { type DataflowJob, isTerminal, type JobEnvironment } from './job.ts';
import { jobMessage, jobMessages, jobMetrics, timestamp } from './resources.ts';
import { findTemplate, type Template } from './templates.ts';

type LaunchTemplateRequest = protos.google.dataflow.v1beta3.ILaunchTemplateRequest;
type CreateJobFromTemplateRequest = protos.google.dataflow.v1beta3.ICreateJobFromTemplateRequest;
type GetTemplateRequest = protos.google.dataflow.v1beta3.IGetTemplateRequest;
type LaunchFlexTemplateRequest = protos.google.dataflow.v1beta3.ILaunchFlexTemplateRequest;
type GetJobRequest = protos.google.dataflow.v1beta3.IGetJobRequest;
type ListJobsRequest = protos.google.dataflow.v1beta3.IListJobsRequest;
type UpdateJobRequest = protos.google.dataflow.v1beta3.IUpdateJobRequest;
type ListJobMessagesRequest = protos.google.dataflow.v1beta3.IListJobMessagesRequest;
type RuntimeEnvironment = protos.google.dataflow.v1beta3.IRuntimeEnvironment;
type FlexEnvironment = protos.google.dataflow.v1beta3.IFlexTemplateRuntimeEnvironment;

/** Requests that name no location mean this one, as Google's do. */
const DEFAULT_LOCATION = 'us-central1';
const FOLDER = 'google/dataflow/v1beta3';
const STATE_CANCELLED = 5;
const FILTER = { TERMINATED: 2, ACTIVE: 3 };
const IP_CONFIGURATIONS = ['', 'WORKER_IP_PUBLIC', 'WORKER_IP_PRIVATE'];
const DEFAULT_PAGE = 100;

/** Dataflow's API over gRPC: launching templates, and following their jobs. */
export function dataflowGrpc(engine: DataflowEngine): GrpcModule {
  return {
    protos: '@google-cloud/dataflow',
    files: ['templates', 'jobs', 'messages', 'metrics'].map((file) => `${FOLDER}/${file}.proto`),
    services: [
      'TemplatesService',
      'FlexTemplatesService',
      'JobsV1Beta3',
      'MessagesV1Beta3',
      'MetricsV1Beta3',
    ].map((service) => `google.dataflow.v1beta3.${service}`),
    unary: Object.fromEntries(
      Object.entries(methods(engine)).map(([name, method]) => [`google.dataflow.v1beta3.${name}`, method]),
    ),
  };
}

function methods(engine: DataflowEngine): GrpcModule['unary'] {
  const find = ({ projectId, location, jobId }: GetJobRequest): DataflowJob =>
    engine.get(projectId ?? '', location || DEFAULT_LOCATION, jobId ?? '');
  const start = (launch: Launch, validateOnly: boolean | null | undefined): object => {
    if (!validateOnly) return { job: jobMessage(engine.launch(launch), 'summary') };
    engine.validate(launch);
    return {};
  };
  const list = (request: ListJobsRequest, location: string | undefined): object => {
    const jobs = engine.list(request.projectId ?? '', location, request.name || undefined).filter((job) => {
      if (request.filter === FILTER.TERMINATED) return isTerminal(job);
      return request.filter !== FILTER.ACTIVE || !isTerminal(job);
    });
    const { items, nextPageToken } = page(jobs, request);
    return { jobs: items.map((job) => jobMessage(job, 'summary')), nextPageToken };
  };
  return {
    'TemplatesService/LaunchTemplate': (request: LaunchTemplateRequest) => {
      if (request.dynamicTemplate)
        throw new StatusError('UNIMPLEMENTED', 'Dynamic templates are not implemented.');
      return start(
        classicLaunch(request, request.gcsPath, request.launchParameters ?? {}),
        request.validateOnly,
      );
    },
    'TemplatesService/CreateJobFromTemplate': (request: CreateJobFromTemplateRequest) =>
      jobMessage(engine.launch(classicLaunch(request, request.gcsPath, request)), 'summary'),
    'TemplatesService/GetTemplate': (request: GetTemplateRequest) => templateMessage(request.gcsPath ?? ''),
    'FlexTemplatesService/LaunchFlexTemplate': (request: LaunchFlexTemplateRequest) =>
      start(flexLaunch(request), request.validateOnly),
    'JobsV1Beta3/GetJob': (request: GetJobRequest) =>
      jobMessage(
        find(request),
        request.view === 'JOB_VIEW_SUMMARY' || request.view === 1 ? 'summary' : 'all',
      ),
    'JobsV1Beta3/ListJobs': (request: ListJobsRequest) => list(request, request.location || DEFAULT_LOCATION),
    'JobsV1Beta3/AggregatedListJobs': (request: ListJobsRequest) =>
      list(request, request.location || undefined),
    'JobsV1Beta3/UpdateJob': (request: UpdateJobRequest) => {
      const wanted = request.job?.requestedState;
      if (wanted !== STATE_CANCELLED) {
        throw new StatusError(
          'INVALID_ARGUMENT',
          'A batch job can only be asked to be in JOB_STATE_CANCELLED.',
        );
      }
      return jobMessage(engine.cancel(find(request)), 'summary');
    },
    'MessagesV1Beta3/ListJobMessages': (request: ListJobMessagesRequest) => {
      const { items, nextPageToken } = page(jobMessages(find(request), request.minimumImportance), request);
      return { jobMessages: items, nextPageToken };
    },
    'MetricsV1Beta3/GetJobMetrics': (request: GetJobRequest) => {
      const job = find(request);
      return { metricTime: timestamp(job.currentStateTime), metrics: jobMetrics(job) };
    },
  };
}

function classicLaunch(
  { projectId, location }: { projectId?: string | null; location?: string | null },
  gcsPath: string | null | undefined,
  launch: {
    jobName?: string | null;
    parameters?: Record<string, string> | null;
    environment?: RuntimeEnvironment | null;
  },
): Launch {
  return {
    project: projectId ?? '',
    location: location || DEFAULT_LOCATION,
    jobName: launch.jobName ?? '',
    templatePath: gcsPath ?? '',
    kind: 'classic',
    parameters: { ...launch.parameters },
    environment: environmentOf(launch.environment ?? {}),
    labels: { ...launch.environment?.additionalUserLabels },
  };
}

function flexLaunch({ projectId, location, launchParameter }: LaunchFlexTemplateRequest): Launch {
  if (launchParameter?.containerSpec)
    throw new StatusError('UNIMPLEMENTED', 'Inline container specs are not implemented.');
  if (launchParameter?.update)
    throw new StatusError('UNIMPLEMENTED', 'Updating streaming jobs is not implemented.');
  const { environment } = launchParameter ?? {};
  return {
    project: projectId ?? '',
    location: location || DEFAULT_LOCATION,
    jobName: launchParameter?.jobName ?? '',
    templatePath: launchParameter?.containerSpecGcsPath ?? '',
    kind: 'flex',
    parameters: { ...launchParameter?.parameters },
    environment: {
      ...environmentOf(environment ?? {}),
      ...(environment?.stagingLocation && { stagingLocation: environment.stagingLocation }),
    },
    labels: { ...environment?.additionalUserLabels },
  };
}

function environmentOf(environment: RuntimeEnvironment | FlexEnvironment): JobEnvironment {
  const { serviceAccountEmail, kmsKeyName, network, subnetwork, tempLocation, machineType } = environment;
  const { numWorkers, maxWorkers, ipConfiguration } = environment;
  const texts = { serviceAccountEmail, kmsKeyName, network, subnetwork, tempLocation, machineType };
  const given = {
    ...texts,
    ipConfiguration: IP_CONFIGURATIONS[Number(ipConfiguration ?? 0)],
    numWorkers,
    maxWorkers,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
}

function templateMessage(path: string): object {
  const kind: Template['kind'] = path.includes('/flex/') ? 'flex' : 'classic';
  const template = findTemplate(path, kind);
  const parameters = template.parameters.map(({ name, helpText, isOptional, pattern }) => ({
    name,
    label: name,
    helpText,
    isOptional: isOptional ?? false,
    ...(pattern && { regexes: [pattern.source] }),
  }));
  return {
    status: { code: 0 },
    metadata: { name: template.name, description: template.name, parameters },
    templateType: kind === 'flex' ? 'FLEX' : 'LEGACY',
  };
}

function page<T>(
  items: T[],
  { pageSize, pageToken }: { pageSize?: number | null; pageToken?: string | null },
): { items: T[]; nextPageToken: string } {
  const start = Number(pageToken || 0);
  if (!Number.isInteger(start)) throw new StatusError('INVALID_ARGUMENT', `Invalid page token: ${pageToken}`);
  const end = start + (pageSize || DEFAULT_PAGE);
  return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : '' };
}
