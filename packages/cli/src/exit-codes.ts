/** What a command ends with where it could not do what was asked, whoever is to blame. */
export const TROUBLE = 2;
