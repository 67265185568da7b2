import { describe, expect, it } from 'vitest';
import { isPinnedImage, parseImage, sizeOfImage } from '../../../src/dockerfile/reading/images.ts';
import { versionAsked } from '../../../src/dockerfile/reading/requirements.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('a reference', () => {
  it('has a port, a tag and a digest', () => {
    expect(parseImage(`localhost:5000/a/python:3.12@${DIGEST}`)).toEqual({
      repository: 'localhost:5000/a/python',
      tag: '3.12',
      digest: DIGEST,
    });
    expect(parseImage('localhost:5000/python').tag).toBeUndefined();
  });

  it.each([
    ['python:3.12.4', true],
    ['acme/agent:py3.12-1.6.0', true],
    ['debian:bookworm-20250113-slim', true],
    [`python@${DIGEST}`, true],
    ['python:3.12-slim', false],
    ['node:20-alpine3.22', false],
    ['registry.example:5000/1.2.3/python', false],
  ])('%s is pinned: %s', (reference, expected) => {
    expect(isPinnedImage(reference)).toBe(expected);
  });

  it.each([
    ['python:3.12', 'full'],
    ['mirror.example/team/python:3.11.10-ts4', 'full'],
    ['python:3.12-bookworm', 'full'],
    ['registry.example/ubi9/python-311', 'full'],
    ['nvidia/cuda:12.1.1-devel-ubuntu22.04', 'full'],
    ['continuumio/miniconda3:4.12.0', 'full'],
    ['mcr.example/dotnet/sdk:6.0', 'full'],
    ['python:3.12-slim-bookworm', 'minimal'],
    ['python:3.12-alpine', 'minimal'],
    ['gcr.io/distroless/python3-debian12', 'minimal'],
    ['debian:bookworm', 'minimal'],
    ['ubuntu:24.04', 'minimal'],
    ['registry.example/ubi9/ubi-minimal:9.3', 'minimal'],
    ['nginx:1.27', 'minimal'],
    ['acme/cloudagent-python:1.0.0', 'unknown'],
    ['acme/pgvector:v0.5.1', 'unknown'],
  ])('%s is %s', (reference, expected) => {
    expect(sizeOfImage(reference)).toBe(expected);
  });
});

describe('a requirement', () => {
  it.each([
    ['poetry', 'none'],
    ['poetry==1.8.3', 'exact'],
    ['Poetry[x] == 1.8', 'exact'],
    ['poetry==1.2.0b3', 'exact'],
    ['poetry@1.8.3', 'exact'],
    ['poetry@latest', 'none'],
    ['poetry==\0', 'exact'],
    ['poetry\0', 'unknown'],
    ['poetry==1.*', 'range'],
    ['poetry~=1.8.0', 'range'],
    ['poetry>=1.5,<1.6', 'range'],
    ['git+https://example.org/python-poetry/poetry.git@1.8.3', 'exact'],
    ['git+https://example.org/python-poetry/poetry.git@main', 'range'],
    ['git+https://example.org/python-poetry/poetry.git', 'none'],
    ['https://example.org/poetry-1.8.3-py3-none-any.whl', 'exact'],
    ['poetry-plugin-export==1.8.0', undefined],
    ['poetry-core', undefined],
    ['mypoetry', undefined],
  ])('%s is %s', (word, expected) => {
    expect(versionAsked(word, 'poetry')?.precision).toBe(expected);
  });
});
