export { allowedAddress } from './allowed-address.ts';
export {
  createResolver,
  type AddressResolution,
  type HostAddress,
  type Resolver,
  type ResolverOptions,
} from './resolver.ts';
