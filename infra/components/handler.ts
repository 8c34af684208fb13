import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account.ts';
import { Grant, onService } from './grant.ts';
import { PushSubscription, type PushTarget } from './push-subscription.ts';
import type { Tenancy } from './tenancy.ts';

/** Below the subscription's ack deadline, so that no message is delivered again while it is being handled. */
const TIMEOUT_SECONDS = 540;

export interface HandlerArgs {
  purpose: string;
  tenancy: Tenancy;
  account: Account;
  /** The topic that wakes the handler, and the function that parks what it can't handle. */
  wokenBy?: { topic: pulumi.Input<string>; park: PushTarget };
  maxInstances?: number;
  /** Whether only the clock calls it, and no push. */
  scheduledOnly?: boolean;
  /** Whether no push of this handler's own calls it, but others do, each with a grant of their own. */
  calledFromElsewhere?: boolean;
}

/** One function, named after its handler, with the subscription that wakes it. */
export class Handler extends pulumi.ComponentResource implements PushTarget {
  readonly name: string;
  readonly uri: pulumi.Output<string>;
  /** The Cloud Run service under the function. */
  readonly service: pulumi.Output<string>;
  /** What wakes it, where messages do. */
  readonly subscription: PushSubscription | undefined;
  readonly #tenancy: Tenancy;

  constructor(name: string, args: HandlerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('baton:index:Handler', name, {}, opts);
    this.name = name;
    this.#tenancy = args.tenancy;
    // Without an eventTrigger: Eventarc's own subscription would have an ack deadline of 10 seconds and no dead
    // letters, and could not take a topic of another project.
    const handler = new gcp.cloudfunctionsv2.Function(name, functionArgs(name, args), { parent: this });
    this.uri = handler.serviceConfig.apply((service) => service?.uri ?? '');
    this.service = handler.name;
    const isPushedTo = !args.scheduledOnly && !args.calledFromElsewhere;
    const mayInvoke = isPushedTo
      ? [this.grantInvoker('push', args.tenancy.pushIdentity, `delivers what wakes ${name}`)]
      : [];
    if (args.wokenBy) {
      const { topic, park } = args.wokenBy;
      this.subscription = new PushSubscription(
        name,
        { topic, target: this, park, tenancy: args.tenancy, mayInvoke },
        { parent: this },
      );
    }
    this.registerOutputs({ uri: this.uri });
  }

  /** Lets an identity call the function. */
  grantInvoker(who: string, identity: { member: pulumi.Input<string> }, why: string): pulumi.Resource {
    const on = onService(this.#tenancy.settings, this.service);
    const { iamMember } = new Grant(
      `${who}-${this.name}-run.invoker`,
      { role: 'roles/run.invoker', why, member: identity.member, on },
      { parent: this },
    );
    return iamMember;
  }
}

function functionArgs(
  name: string,
  { purpose, tenancy, account, maxInstances = 10 }: HandlerArgs,
): gcp.cloudfunctionsv2.FunctionArgs {
  const { settings, source, kmsKey } = tenancy;
  return {
    project: settings.project,
    location: settings.region,
    name,
    description: purpose,
    kmsKeyName: kmsKey,
    buildConfig: {
      runtime: 'nodejs24',
      entryPoint: name,
      serviceAccount: source.builder.accountName,
      dockerRepository: source.repository,
      source: { storageSource: { bucket: source.bucket, object: source.archiveOf(name) } },
    },
    serviceConfig: {
      serviceAccountEmail: account.email,
      environmentVariables: tenancy.variables,
      availableCpu: '1',
      availableMemory: '512Mi',
      maxInstanceRequestConcurrency: settings.requestConcurrency,
      minInstanceCount: 0,
      maxInstanceCount: maxInstances,
      timeoutSeconds: TIMEOUT_SECONDS,
      // Pushes of a topic in another project don't count as internal traffic outside one VPC Service Controls
      // perimeter. IAM is the gate: the function answers nobody but those who hold run.invoker.
      ingressSettings: 'ALLOW_ALL',
      allTrafficOnLatestRevision: true,
    },
  };
}
