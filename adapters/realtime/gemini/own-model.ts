// The name of a model, without the path that says whose it is.

/** A model of Google's own, by AI Studio, by Vertex (`projects/.../publishers/google/models/...`), or by a part of that path. */
const OWN = /^(?:(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\/)?models\/([^/]+)$/;

/** Returns the name in a key's list and in prices. What is tuned, or of somebody else, keeps its path: it may be anybody's. */
export const ownName = (name: string): string => OWN.exec(name)?.[1] ?? name;
