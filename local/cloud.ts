import { resolve } from 'node:path';
import type { Lint } from './boundaries.ts';
import { declaredPolicy, deployerOf, OPERATOR } from './declared-policy.ts';
import type { ServedCall } from './faults/call-faults.ts';
import { FaultInjector, type InjectedFault } from './faults/injector.ts';
import type { FaultPlan } from './faults/plan.ts';
import type { Decision } from './iam/policy.ts';
import type { ServiceKeyUse } from './kms/key-management.ts';
import { connectThisProcess, FOREIGN_VARIABLES } from './network/connect.ts';
import { LocalNetwork } from './network/network.ts';
import { recordProgram } from './program/record-program.ts';
import type { DeliveryEvent } from './pubsub/consumer.ts';
import type { ScheduledJob } from './realise/cloud.ts';
import { forgetUndeclared } from './realise/forget.ts';
import { realise } from './realise/realise.ts';
import type { ColdStart } from './run/types.ts';
import type { JobDeclaration } from './scheduler/job.ts';
import type { Services } from './service-set.ts';
import { openServices } from './services.ts';
import { STACKS, StackOutputs, type TenantName } from './stacks.ts';
import { lockState } from './state-lock.ts';

const PROGRAM = resolve(import.meta.dirname, '../infra');

export interface LocalCloudOptions {
  /** Where the cloud keeps its state; a second start finds there what the first one left. */
  stateDir: string;
  /** The program's stacks to deploy, those that others refer to first: nonprod and prod unless given. */
  stacks?: readonly string[];
  /** Stack configuration that goes before the stack files', for every stack. */
  config?: Record<string, string>;
  /** Resources to leave out, as if the program had forgotten them: a logical name, a type, or `type::name`. */
  without?: string[];
  /** Told of each access that the policy was asked for, and of the grants that decided it. */
  onDecision?: (decision: Decision) => void;
  /** Told of each creation under a key, and of each reading, before it is checked. */
  onKeyUse?: (use: ServiceKeyUse) => void;
  /** Told of each API call that a process of this cloud made and that was served, before it is answered. */
  onCall?: (call: ServedCall) => void;
  /** What goes wrong, for tests of what survives it. */
  faults?: FaultPlan;
  /** How long functions keep an instance without requests, in milliseconds; 2 s by default, minutes at Google. */
  idleMs?: number;
  /** Told of each instance of a function that has answered its first request. */
  onColdStart?: (start: ColdStart) => void;
  /** Ends the start early. */
  signal?: AbortSignal;
}

/** Google Cloud on this machine, with everything in it that the Pulumi program declares, and nothing else. */
export interface LocalCloud {
  /** An output of the stack that plays the tenant, as `pulumi stack output` would print it. */
  output(tenant: TenantName, name: string): string;
  /** Leads the Google clients that this process imports from now on to the local cloud, as the operator. */
  connectThisProcess(): Promise<void>;
  /** What clients did wrong without any call having failed. */
  lints(): string[];
  /** The Pub/Sub deliveries so far, with their outcome. */
  deliveries(): readonly DeliveryEvent[];
  /** The faults of the plan that happened so far. */
  injectedFaults(): readonly InjectedFault[];
  /**
   * Runs a Vertex AI monitoring job now, by its name, and ends when its statistics and alerts are out. Vertex AI has
   * no such call: this is for those who will not wait for the job's next full hour.
   */
  runMonitoring(job: string): Promise<void>;
  /** Resident memory of all processes, this one included, in bytes. */
  residentBytes(): number;
  /** One line on what is there. */
  describe(): string;
  /** Everything that each stack exported, as `pulumi stack output --json` would print it. */
  outputs(): Record<string, Record<string, unknown>>;
  /**
   * The variables that lead another process's clients here, as the operator or as another user; `null` for those that
   * lead away.
   */
  variables(user?: string): Promise<Record<string, string | null>>;
  /** Stops every process and writes the state. */
  close(): Promise<void>;
}

/**
 * Starts the local cloud: runs the Pulumi program for its stacks, makes what it declares real, and serves it.
 *
 * @throws Error when the state folder is in use, the program fails, or the signal aborts; nothing is left running
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const stateDir = resolve(options.stateDir);
  const { stacks: names = STACKS, config, without, onDecision, onKeyUse, onCall, onColdStart } = options;
  const { signal, idleMs } = options;
  const faults = options.faults && new FaultInjector(options.faults);
  await using closing = new AsyncDisposableStack();
  closing.adopt(lockState(stateDir), async (release) => release());
  const stacks = await recordProgram({ directory: PROGRAM, stacks: [...names], config, without });
  signal?.throwIfAborted();

  const outputs = new StackOutputs(stacks);
  const projectNumber = (project: string) => outputs.projectNumber(project);
  const lints: Lint[] = [];
  const deliveries: DeliveryEvent[] = [];
  const onLint = (lint: Lint) => void lints.push(lint);
  const network = closing.adopt(await LocalNetwork.open({ stateDir, onLint, projectNumber }), (it) =>
    it.close(),
  );
  const declared = stacks.flatMap((stack) => stack.resources);
  const policy = declaredPolicy(declared, outputs, {
    projectOfBucket: (bucket) =>
      services.storage.hasBucket(bucket) ? services.storage.buckets.get(bucket).resource.project : undefined,
    ...(onDecision && { onDecision }),
  });
  const services: Services = await openServices(
    {
      ...{ stateDir, network, projectNumber, policy, onLint, onKeyUse, onCall, onColdStart, faults, idleMs },
      onDelivery: (event) => void deliveries.push(event),
    },
    closing,
  );
  signal?.throwIfAborted();

  await network.serve(services);
  network.route(
    '*.*.run.app',
    closing.adopt(await services.ingress.listen(), () => services.ingress.close()),
  );
  forgetUndeclared(declared, { stateDir, ...services });
  await realise(declared, {
    ...services,
    stateDir,
    pubsub: services.broker,
    metadataStores: services.vertex.metadataStores,
    iam: {
      authorize: (access) => policy.authorize(access),
      deployer: (stack) => deployerOf(stack, outputs).principal,
    },
    scheduler: { declare: (job) => void services.scheduler.declareJob(jobDeclaration(job)) },
  });
  signal?.throwIfAborted();
  services.broker.start();

  const operator = { user: OPERATOR, project: outputs.get('nonprod', 'project') };
  const open = closing.move();
  return {
    output: (tenant, name) => outputs.get(tenant, name),
    connectThisProcess: async () => connectThisProcess(await network.environment(operator)),
    lints: () => lints.map(({ process: name, message }) => (name ? `${name}: ${message}` : message)),
    deliveries: () => deliveries,
    injectedFaults: () => faults?.injected ?? [],
    runMonitoring: (job) => services.vertex.runMonitoring(job),
    residentBytes: () => services.processes.residentBytes() + process.memoryUsage.rss(),
    describe: () => outputs.describe(),
    outputs: () => outputs.all(),
    variables: async (user = OPERATOR) => ({
      ...Object.fromEntries(FOREIGN_VARIABLES.map((name) => [name, null])),
      ...(await network.environment({ ...operator, user })),
    }),
    close: () => open.disposeAsync(),
  };
}

/** A job's identity token is for its target unless the program says otherwise. */
function jobDeclaration({ httpTarget, attemptDeadline, ...job }: ScheduledJob): JobDeclaration {
  const { oidcToken, ...target } = httpTarget;
  return {
    ...job,
    ...(attemptDeadline && { attemptDeadlineMs: Number.parseFloat(attemptDeadline) * 1000 }),
    httpTarget: { ...target, ...(oidcToken && { oidcToken: { audience: target.uri, ...oidcToken } }) },
  };
}
