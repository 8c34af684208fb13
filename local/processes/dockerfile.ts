import { posix } from 'node:path';

/** What an image says about running it, as far as its Dockerfile tells. */
export interface ImageConfig {
  /** What it begins with: an image of a registry. */
  base: string;
  env: Record<string, string>;
  /** Absolute, within the image. */
  workingDirectory: string;
  entrypoint: string[];
  cmd: string[];
  /** As the file says it, a name or a number, with or without a group; empty for the base's own. */
  user: string;
  copies: Copy[];
}

/** Files that an image gets. */
export interface Copy {
  /** The stage or the image that they come from; the build context where there is none. */
  from?: string;
  sources: string[];
  /** Absolute, within the image; it ends in `/` where the file says that it is a folder. */
  target: string;
}

/**
 * Reads the configuration of the image that a Dockerfile builds: that of its last stage, with what this one
 * inherits from earlier stages of the file. What the base images set is not known here.
 */
export function parseDockerfile(text: string): ImageConfig {
  const stages = new Map<string, ImageConfig>();
  const globals: Record<string, string> = {};
  let stage: ImageConfig | undefined;
  for (const { instruction, rest } of instructions(text)) {
    if (instruction === 'FROM') {
      const [, base, name] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(rest) ?? [];
      stage = structuredClone(
        stages.get(base?.toLowerCase() ?? '') ?? emptyImage(expand(base ?? '', globals)),
      );
      stages.set(name?.toLowerCase() ?? String(stages.size), stage);
    } else if (!stage) {
      if (instruction === 'ARG') Object.assign(globals, argument(rest, globals));
    } else {
      apply(stage, instruction, rest, globals);
    }
  }
  return stage ?? emptyImage('');
}

function emptyImage(base: string): ImageConfig {
  return { base, env: {}, workingDirectory: '/', entrypoint: [], cmd: [], user: '', copies: [] };
}

function apply(stage: ImageConfig, instruction: string, rest: string, args: Record<string, string>): void {
  const variables = { ...args, ...stage.env };
  switch (instruction) {
    case 'ARG':
      Object.assign(args, argument(rest, variables));
      break;
    case 'ENV':
      Object.assign(stage.env, assignments(rest, variables));
      break;
    case 'WORKDIR':
      stage.workingDirectory = posix.resolve(stage.workingDirectory, expand(unquote(rest), variables));
      break;
    case 'USER':
      stage.user = expand(unquote(rest), variables);
      break;
    case 'COPY':
    case 'ADD':
      stage.copies.push(copy(expand(rest, variables), stage.workingDirectory));
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = command(rest);
      stage.cmd = [];
      break;
    case 'CMD':
      stage.cmd = command(rest);
      break;
  }
}

/** One entry per instruction: comments left out, continued lines joined. */
function instructions(text: string): { instruction: string; rest: string }[] {
  const joined: string[] = [];
  let open = '';
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    const continued = /^(.*?)\\\s*$/.exec(line);
    open += continued ? `${continued[1]} ` : line;
    if (continued) continue;
    joined.push(open.trim());
    open = '';
  }
  if (open.trim() !== '') joined.push(open.trim());
  return joined.map((line) => {
    const [, instruction = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
    return { instruction: instruction.toUpperCase(), rest };
  });
}

/** `[--flag=value]… source… target`, or the same paths as a JSON array. */
function copy(rest: string, workingDirectory: string): Copy {
  const [, flags = '', paths = ''] = /^((?:--\S+\s+)*)(.*)$/s.exec(rest) ?? [];
  const from = /--from=(\S+)/.exec(flags)?.[1];
  const words = execForm(paths) ?? paths.split(/\s+/);
  const target = words.at(-1) ?? '';
  const isFolder = /(^|\/)\.?$/.test(target);
  const absolute = posix.resolve(workingDirectory, target);
  return {
    ...(from && { from }),
    sources: words.slice(0, -1),
    target: isFolder && absolute !== '/' ? `${absolute}/` : absolute,
  };
}

function execForm(text: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((part) => typeof part === 'string')) return parsed;
  } catch {
    // The other form.
  }
  return undefined;
}

/** The exec form is a JSON array; anything else is the shell form. */
function command(rest: string): string[] {
  return execForm(rest) ?? ['/bin/sh', '-c', rest];
}

function argument(rest: string, variables: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/.exec(rest) ?? [];
  return name === undefined || value === undefined ? {} : { [name]: expand(unquote(value), variables) };
}

/** `KEY=value KEY="two words"`, or the old `KEY the rest of the line`. */
function assignments(rest: string, variables: Record<string, string>): Record<string, string> {
  const old = /^([A-Za-z_]\w*)\s+([^=].*)$/.exec(rest);
  if (old) return { [old[1]!]: expand(old[2]!, variables) };
  const pairs = rest.matchAll(/([A-Za-z_]\w*)=((?:"(?:\\.|[^"])*"|'[^']*'|\\.|[^\s])*)/g);
  return Object.fromEntries(
    [...pairs].map(([, name, value]) => [
      name,
      value!.startsWith("'") ? unquote(value!) : expand(unquote(value!), variables),
    ]),
  );
}

function unquote(value: string): string {
  const [, double, single] = /^"(.*)"$|^'(.*)'$/s.exec(value.trim()) ?? [];
  return single ?? (double ?? value.trim()).replace(/\\(.)/g, '$1');
}

function expand(value: string, variables: Record<string, string>): string {
  return value.replace(
    /\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (_match, bare: string | undefined, braced: string, fallback: string | undefined) =>
      variables[bare ?? braced] ?? fallback ?? '',
  );
}
