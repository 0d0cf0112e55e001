import type Docker from 'dockerode';

/** Removes every container, network and volume whose name begins with `prefix`, whatever state a story left it in. */
export async function sweep(docker: Docker, prefix: string): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  const ours = containers.filter(({ Names }) => Names.some((name) => name.startsWith(`/${prefix}`)));
  await Promise.all(ours.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const networks = await docker.listNetworks();
  const ourNetworks = networks.filter(({ Name }) => Name.startsWith(prefix));
  await Promise.all(ourNetworks.map(({ Id }) => docker.getNetwork(Id).remove()));
  const { Volumes } = await docker.listVolumes();
  const ourVolumes = (Volumes ?? []).filter(({ Name }) => Name.startsWith(prefix));
  await Promise.all(ourVolumes.map(({ Name }) => docker.getVolume(Name).remove()));
}
