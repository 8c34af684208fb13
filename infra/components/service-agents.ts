import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Grant, onProject } from './grant.ts';

/** The services whose agents take part. The agents' names are irregular, so they can't be derived. */
const AGENTS = {
  'pubsub.googleapis.com': 'gcp-sa-pubsub',
  'aiplatform.googleapis.com': 'gcp-sa-aiplatform',
  'eventarc.googleapis.com': 'gcp-sa-eventarc',
  'dataflow.googleapis.com': 'dataflow-service-producer-prod',
  'artifactregistry.googleapis.com': 'gcp-sa-artifactregistry',
  'cloudfunctions.googleapis.com': 'gcf-admin-robot',
  'run.googleapis.com': 'serverless-robot-prod',
  'cloudscheduler.googleapis.com': 'gcp-sa-cloudscheduler',
  'notebooks.googleapis.com': 'gcp-sa-notebooks',
} as const;
type AgentService = keyof typeof AGENTS;
type ShortName<Service> = Service extends `${infer Name}.googleapis.com` ? Name : never;

/** Agents that only some stacks need: nothing trains in production. */
const ON_REQUEST = ['dataflow', 'eventarc', 'notebooks'] as const;
export type AgentOnRequest = (typeof ON_REQUEST)[number];

/** Agents by name; the last four have no service identity that could be created. */
export type AgentName = ShortName<AgentService> | 'bigquery' | 'compute' | 'logging' | 'storage';

/** APIs that Baton needs beside those. */
const OTHER_APIS = [
  'bigquery.googleapis.com',
  'cloudbuild.googleapis.com',
  'cloudkms.googleapis.com',
  'compute.googleapis.com',
  'iam.googleapis.com',
  'logging.googleapis.com',
  'monitoring.googleapis.com',
  'storage.googleapis.com',
];

/** The IAM member of the agent with which a service acts in a project. */
export function serviceAgent(service: AgentService, projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@${AGENTS[service]}.iam.gserviceaccount.com`;
}

/**
 * Enables the APIs and brings their service agents into being, before anything else of Google Cloud that the
 * program declares. An agent otherwise appears at its API's first use, too late for a grant: IAM refuses members
 * that do not exist.
 */
export class ServiceAgents extends pulumi.ComponentResource {
  readonly pubsub: string;
  /** Cloud Storage's agent comes into being when someone asks for it. */
  readonly storage: pulumi.Output<string>;
  readonly #project: string;
  readonly #projectNumber: string;
  readonly #lookUp: pulumi.InvokeOutputOptions;

  constructor(
    name: string,
    args: { project: string; projectNumber: string; also?: AgentOnRequest[] },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super('baton:index:ServiceAgents', name, {}, opts);
    const { project, projectNumber, also = [] } = args;
    const left = ON_REQUEST.filter((name) => !also.includes(name)).map((name) => `${name}.googleapis.com`);
    const services = (Object.keys(AGENTS) as AgentService[]).filter((service) => !left.includes(service));
    const agents = services.map((service) => this.#create(service, args));
    const apis = OTHER_APIS.map((service) => this.#enable(service, project));
    this.#project = project;
    this.#projectNumber = projectNumber;
    this.#lookUp = { parent: this, dependsOn: apis };
    this.pubsub = serviceAgent('pubsub.googleapis.com', projectNumber);
    this.storage = gcp.storage
      .getProjectServiceAccountOutput({ project }, this.#lookUp)
      .apply((agent) => `serviceAccount:${agent.emailAddress}`);
    delayEverythingElseUntil([...agents, ...apis]);
    this.registerOutputs({ storage: this.storage });
  }

  /** The IAM member of an agent; those of some services come into being when their name is asked for. */
  member(agent: AgentName): pulumi.Input<string> {
    const project = this.#project;
    switch (agent) {
      case 'storage':
        return this.storage;
      case 'bigquery':
        return gcp.bigquery
          .getDefaultServiceAccountOutput({ project }, this.#lookUp)
          .apply(({ email }) => `serviceAccount:${email}`);
      case 'logging':
        return gcp.logging
          .getProjectCmekSettingsOutput({ project }, this.#lookUp)
          .apply(({ serviceAccountId }) => `serviceAccount:${serviceAccountId}`);
      case 'compute':
        // It is there as soon as the API is enabled.
        return `serviceAccount:service-${this.#projectNumber}@compute-system.iam.gserviceaccount.com`;
      default:
        return serviceAgent(`${agent}.googleapis.com`, this.#projectNumber);
    }
  }

  /**
   * Brings an agent into being and grants it the role that Google grants on its own only to agents that it brought
   * into being itself: https://cloud.google.com/iam/docs/create-service-agents.
   *
   * @returns the grant, on which everything else waits
   */
  #create(service: AgentService, args: { project: string; projectNumber: string }): pulumi.Resource {
    const { project, projectNumber } = args;
    const name = service.split('.')[0];
    const enabled = this.#enable(service, project);
    const identity = new gcp.projects.ServiceIdentity(
      `agent-${name}`,
      { project, service },
      { parent: this, dependsOn: enabled },
    );
    const { iamMember } = new Grant(
      `${name}-agent-${name}.serviceAgent`,
      {
        role: `roles/${name}.serviceAgent`,
        why: `is ${service}'s own agent`,
        member: serviceAgent(service, projectNumber),
        on: onProject(project),
      },
      // Taking the stack down leaves the agent what Google would have given it.
      { parent: this, dependsOn: identity, retainOnDelete: true },
    );
    return iamMember;
  }

  /** Taking the stack down leaves the API on: other programs may use it. */
  #enable(service: string, project: string): gcp.projects.Service {
    const name = `api-${service.split('.')[0]}`;
    return new gcp.projects.Service(name, { project, service, disableOnDestroy: false }, { parent: this });
  }
}

/** Components don't hand their `dependsOn` down to their children, so each resource gets it here. */
function delayEverythingElseUntil(ready: pulumi.Resource[]): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
    type.startsWith('gcp:') ? { props, opts: pulumi.mergeOptions(opts, { dependsOn: ready }) } : undefined,
  );
}
