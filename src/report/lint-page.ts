// A rule's page for a terminal: headings without marks, examples indented, links as their text.

export function pageLines(page: string): string[] {
  let fenced = false;
  const lines: string[] = [];
  for (const line of page.trimEnd().split('\n')) {
    if (line.startsWith('```')) {
      const [, name] = line.split(' ');
      if (!fenced && name !== undefined) lines.push(`    ${name}:`, '');
      fenced = !fenced;
    } else if (fenced) lines.push(line === '' ? '' : `    ${line}`);
    else if (line.startsWith('# ')) lines.push(line.slice(2), '='.repeat(line.length - 2));
    else if (line.startsWith('## ')) lines.push(line.slice(3), '-'.repeat(line.length - 3));
    else lines.push(line.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1'));
  }
  return lines;
}
