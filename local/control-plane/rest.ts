import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { RestModule } from '../boundaries.ts';
import type { Policy } from '../iam/policy.ts';
import { StatusError } from '../status.ts';
import type { DeclaredResources } from './declared-resources.ts';
import { policyOf } from './iam-policy.ts';

/** The hosts whose resources are read here, and the service that their permissions are named after. */
const SERVICES: Record<string, string> = {
  'artifactregistry.googleapis.com': 'artifactregistry',
  'cloudfunctions.googleapis.com': 'cloudfunctions',
  'cloudkms.googleapis.com': 'cloudkms',
  'cloudresourcemanager.googleapis.com': 'resourcemanager',
  'iam.googleapis.com': 'iam',
  'pubsub.googleapis.com': 'pubsub',
  'run.googleapis.com': 'run',
};

const TestRequest = z.object({ permissions: z.array(z.string()) });

/**
 * The reading half of Google's control planes, over REST: resources, their IAM policies, and which APIs are enabled.
 * It tells what the program declares. There is nothing to change here: that is what the program is for.
 *
 * @param more by host, what else a service serves there
 */
export function controlPlaneRest(
  policy: Policy,
  resources: DeclaredResources,
  more: Record<string, (app: FastifyInstance) => void> = {},
): RestModule[] {
  return [
    ...Object.entries(SERVICES).map(([host, service]) => ({
      hosts: [host],
      // Pub/Sub's topics and subscriptions are read over gRPC, and only their policies also over REST.
      alsoGrpc: service === 'pubsub',
      register: (app: FastifyInstance) => {
        registerResources(app, { host, service, policy, resources });
        more[host]?.(app);
      },
    })),
    {
      hosts: ['serviceusage.googleapis.com'],
      register: (app) => registerApis(app, policy, resources),
    },
  ];
}

interface Surface {
  host: string;
  service: string;
  policy: Policy;
  resources: DeclaredResources;
}

function registerResources(app: FastifyInstance, { host, service, policy, resources }: Surface): void {
  const check = (request: FastifyRequest, name: string, verb: string) =>
    policy.authorize({
      principal: request.caller.principal,
      permission: `${service}.${name.split('/').at(-2)}.${verb}`,
      resource: `//${host}/${name}`,
    });
  const answer = async (request: FastifyRequest): Promise<object> => {
    const { name, verb } = resourceIn(request);
    switch (verb) {
      case undefined:
        check(request, name, 'get');
        return resources.get(host, name);
      case 'getIamPolicy':
        check(request, name, 'getIamPolicy');
        return policyOf(policy.grantsOn(name));
      case 'testIamPermissions': {
        const { permissions } = TestRequest.parse(request.body);
        const access = { principal: request.caller.principal, resource: `//${host}/${name}` };
        return { permissions: permissions.filter((permission) => policy.allows({ ...access, permission })) };
      }
      default:
        throw new StatusError('UNIMPLEMENTED', `The method ${verb} of ${host} is not served here.`);
    }
  };
  app.get('/:version/*', answer);
  app.post('/:version/*', answer);
}

/** `/v3/projects/p:getIamPolicy` names a resource, and the custom method to call on it. */
function resourceIn(request: FastifyRequest): { name: string; verb?: string } {
  const { '*': path } = request.params as { '*': string };
  const [, name, verb] = /^(.*?)(?::(\w+))?$/.exec(path) ?? [];
  return verb ? { name, verb } : { name };
}

function registerApis(app: FastifyInstance, policy: Policy, resources: DeclaredResources): void {
  app.get('/v1/projects/:project/services', async (request) => {
    const { project } = request.params as { project: string };
    const { filter } = request.query as { filter?: string };
    if (filter !== 'state:ENABLED')
      throw new StatusError('UNIMPLEMENTED', 'Services are listed by state:ENABLED.');
    policy.authorize({
      principal: request.caller.principal,
      permission: 'serviceusage.services.list',
      resource: `//serviceusage.googleapis.com/projects/${project}`,
    });
    const services = resources.enabledApis(project).map((api) => ({
      name: `projects/${project}/services/${api}`,
      config: { name: api },
      state: 'ENABLED',
    }));
    return { services };
  });
}
