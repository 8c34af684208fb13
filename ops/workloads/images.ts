import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerRuntime, ProcessHost } from '../../local/boundaries.ts';
import { LocalContainerRuntime } from '../../local/processes/containers.ts';
import { type ImageConfig, parseDockerfile } from '../../local/processes/dockerfile.ts';
import type { WorkloadFolder } from './folder.ts';
import { layOutImage } from './image-files.ts';
import type { Report } from './report.ts';
import { ROLES, type Role } from './rules.ts';

const REGISTRY = 'us-central1-docker.pkg.dev/baton-workbench/baton';

/** The images of a workload's roles, laid out as far as they can be without building them. */
export interface Images {
  /** Whether every role can be run. */
  complete: boolean;
  /** Runs each role with the files that its image has. */
  runtime(host: ProcessHost): ContainerRuntime;
}

export const imageUri = (workload: string, role: Role) => `${REGISTRY}/${workload}-${role}:checked`;

/** Checks each role's Dockerfile, and lays its files out under the scratch folder. */
export function checkImages(workload: WorkloadFolder, scratch: string, report: Report): Images {
  const layouts = new Map<Role, string>();
  for (const role of ROLES) {
    const layout = join(scratch, 'images', role);
    if (checkImage(role, workload, layout, report)) layouts.set(role, layout);
  }
  return {
    complete: layouts.size === ROLES.length,
    runtime(host) {
      const workloads = [dirname(workload.directory)];
      const runtimes = new Map(
        [...layouts].map(([role, context]) => [
          imageUri(workload.name, role),
          new LocalContainerRuntime({ host, context, workloads }),
        ]),
      );
      return { start: (spec) => runtimes.get(spec.imageUri)!.start(spec) };
    },
  };
}

function checkImage(role: Role, workload: WorkloadFolder, layout: string, report: Report): boolean {
  const file = join(workload.directory, role, 'Dockerfile');
  const place = workload.place(`${role}/Dockerfile`);
  if (!existsSync(file)) return report.expect('images-dockerfile', place, 'there is no such file');
  const image = parseDockerfile(readFileSync(file, 'utf8'));
  const runs = image.entrypoint.length + image.cmd.length > 0;
  if (!report.expect('images-dockerfile', place, !runs && 'neither ENTRYPOINT nor CMD')) return false;
  report.expect('images-user', place, userProblem(image));
  report.advise('images-base', place, baseProblem(image));
  const missing = layOutImage(image, workload.context, layout);
  return report.expect('images-files', place, missing.length > 0 && `there is no ${missing.join(', ')}`);
}

function userProblem({ user, base }: ImageConfig): string | false {
  if (user === '') return !/nonroot/.test(base) && `no USER, so that of ${base}, as a rule root`;
  return /^(root|0)(:|$)/.test(user) && `USER ${user}`;
}

function baseProblem({ base }: ImageConfig): string | false {
  if (base.includes('@sha256:') || base === 'scratch') return false;
  const tag = /:([^/:]+)$/.exec(base)?.[1];
  return (tag === undefined || tag === 'latest') && `FROM ${base}`;
}
