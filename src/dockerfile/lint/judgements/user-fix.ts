// The fix that lets what ships run as a user: a number, which needs no entry in `/etc/passwd`. Only where nothing is seen that
// wants to be root: homes of root, low ports, scripts that nobody can look into, stages that build on it.

import { lineageOf } from '../../reading/production.ts';
import type { Instruction } from '../../syntax/ast.ts';
import { keywordLike } from '../style.ts';
import { offer } from './edits.ts';
import type { View } from './judgement.ts';
import { keepsEnvironmentElsewhere } from './mounts.ts';

const STARTS: ReadonlySet<string> = new Set(['CMD', 'ENTRYPOINT', 'HEALTHCHECK', 'EXPOSE', 'STOPSIGNAL']);
/** Poetry would look for its settings, uv and pdm for their caches; servers, supervisors and scripts often want to be root. */
const ROOTED =
  /poetry|\buv\b|pdm|pipenv|\.(?:ba|z)?sh\b|entry-?point|supervisord|nginx|httpd|apache|\bcron\b|sshd|systemd|gosu|su-exec|\bsudo\b/i;
/** A program named by a path that is not one of programs: `/start`, `./run`. */
const SCRIPT = /^\s*\[?\s*["']?(?!\/?(?:[\w.-]+\/)*s?bin\/)\.{0,2}\/[\w./-]+/;
const LOW = '(?:[1-9]\\d{0,2}|10[01]\\d|102[0-3])(?!\\d)';
const LOW_PORT = new RegExp(`(?:^|\\s)${LOW}`);
const LOW_BINDING = new RegExp(`(?::|\\bport["']?(?:[=\\s,"']+))${LOW}`, 'i');
const HOME = /(?:^|[\s"'=:])(?:\/root(?:\/|["'\s:]|$)|~\/)|\$\{?HOME\b|\s--user\b/;

/** A user where nothing says otherwise. */
export function userFix(view: View): ReturnType<typeof offer> {
  const { reading, input } = view;
  const { production, flow, lineage } = reading;
  if (production === undefined || flow.installs.length === 0) return {};
  const { instructions, pattern } = production.stage;
  const started = instructions.filter(({ keyword }) => keyword === 'CMD' || keyword === 'ENTRYPOINT');
  if (started.length === 0 || started.some(wantsRoot) || /windows|nanoserver/i.test(pattern)) return {};
  if (instructions.some(({ keyword, argument }) => keyword === 'EXPOSE' && LOW_PORT.test(argument.text)))
    return {};
  const readable = flow.installs.every(
    (install) => install.tool !== 'poetry' || keepsEnvironmentElsewhere(view, install),
  );
  if (!readable || livesInHome(view)) return {};
  const { stages } = reading.graph;
  // What builds on it would have to be root again.
  if (
    stages.some((stage) => stage !== production.stage && lineageOf(stages, stage).includes(production.stage))
  )
    return {};
  if (lineage.some(({ stage }) => stage.instructions.some(({ keyword }) => keyword === 'ONBUILD'))) return {};
  // Nothing is built behind it: who starts it is to be root.
  const said = instructions.findLastIndex(({ keyword }) => keyword === 'USER');
  if (said >= 0 && !instructions.slice(said).some(({ keyword }) => keyword === 'RUN')) return {};
  const at = instructions.findLastIndex(({ keyword }) => !STARTS.has(keyword));
  const place = instructions
    .slice(at + 1)
    .find(({ keyword }) => keyword !== 'EXPOSE' && keyword !== 'STOPSIGNAL');
  if (place === undefined) return {};
  const start = aboveComments(input.dockerfile, place);
  return offer(view, 'run as user 1000', 'unsafe', [
    { span: { start, end: start }, text: `${keywordLike(input.dockerfile, place, 'USER')} 1000:1000\n` },
  ]);
}

function wantsRoot({ argument: { text } }: Instruction): boolean {
  return ROOTED.test(text) || SCRIPT.test(text) || LOW_BINDING.test(text);
}

/** Whether something that ships lies where root alone may look. */
function livesInHome({ reading }: View): boolean {
  const { lineage } = reading;
  // The PATH to a Poetry that no program of the image is started by.
  const excused = lineage.some(({ arrivals }) =>
    arrivals.some(({ method }) => method === 'installer' || method === 'pipx' || method === 'uv'),
  );
  return lineage.some(({ stage }) =>
    stage.instructions.some(({ keyword, argument }) => {
      const text = keyword === 'RUN' ? argument.text.replace(/\brm\s[^&|;]*/g, '') : argument.text;
      if (keyword === 'ENV' && excused)
        return HOME.test(text.replace(/(?:\/root|\$\{?HOME\}?)\/\.(?:local|poetry)\/bin/g, ''));
      if (keyword === 'RUN' && excused) return /\s--user\b|\/root\/(?!\.(?:local|cache|poetry))/.test(text);
      return keyword !== 'LABEL' && HOME.test(text);
    }),
  );
}

/** Where the lines of comments begin that stand right above an instruction: they are about it. */
function aboveComments({ text, comments }: View['input']['dockerfile'], { span }: Instruction): number {
  let at = span.start;
  for (const comment of comments.toReversed()) {
    if (comment.span.end > at) continue;
    if (comment.continued || !/^\r?\n[ \t]*$/.test(text.slice(comment.span.end, at))) break;
    at = text.lastIndexOf('\n', comment.span.start - 1) + 1;
  }
  return at;
}
