// A song as a Media Source takes it: a media type, perhaps an init segment, and pieces with their times.

import { bytes, text } from "./transfer.mjs"

const Source = window.ManagedMediaSource ?? window.MediaSource

/** What has to be written as FLAC before it can be had in segments takes its time at the first request. */
const isRendered = (song) => !/mpeg|flac|mp4|aac|opus/.test(song.contentType)

/** The song is nothing for this browser's Media Source; its `audio` element may still know it. */
export class NoTrack extends Error {}

/** Opens a song: the same for every Router, so that its pieces may come from any. */
export async function openTrack(song, signal) {
  if (!Source) throw new NoTrack("This browser has no Media Source.")
  const base = `/api/v1/songs/${song.id}`
  // MP3 as it is: there is no head to add, and Chromium takes MP3 in no other form.
  if (song.contentType === "audio/mpeg" && Source.isTypeSupported("audio/mpeg")) return openChunks(song, base, signal)
  return openSegments(song, base, signal)
}

async function openChunks(song, base, signal) {
  const manifest = JSON.parse(await text(`${base}/manifest`, { signal }))
  const rate = manifest.sampleRate
  const duration = manifest.totalSamples / rate
  const pieces = manifest.chunks
    .map((chunk, number) => ({ kind: chunk.kind, start: chunk.startSample / rate, path: `${base}/chunks/${number}` }))
    .filter((piece) => piece.kind === "audio")
  if (pieces.length === 0 || !(duration > 0)) throw new NoTrack("The manifest has no audio.")
  setEnds(pieces, duration)
  // The encoder's priming is heard by nobody: it lies before the song's beginning.
  pieces[0].offset = -manifest.skipSamples / rate
  return { song, type: "audio/mpeg", init: null, pieces, duration, isSequence: true }
}

async function openSegments(song, base, signal) {
  const firstPatience = isRendered(song) ? 8000 : undefined
  const playlist = await text(`${base}/hls.m3u8`, { signal, firstPatience })
  const init = await bytes(`${base}/init.mp4`, { signal, firstPatience })
  if (!Source.isTypeSupported(init.type)) throw new NoTrack(`This browser does not know ${init.type}.`)
  const pieces = []
  let start = 0
  for (const match of playlist.matchAll(/#EXTINF:([\d.]+),\s*\n(\S+)/g)) {
    pieces.push({ start, path: `${base}/${match[2]}` })
    start += Number(match[1])
  }
  if (pieces.length === 0) throw new NoTrack("The playlist has no segments.")
  setEnds(pieces, start)
  return { song, type: init.type, init: init.bytes, pieces, duration: start, isSequence: false }
}

function setEnds(pieces, duration) {
  for (const [index, piece] of pieces.entries()) piece.end = pieces[index + 1]?.start ?? duration
}
