// Original file: proto/cloudless/v1/catalog.proto


export interface GetCatalogRequest {
  'catalog'?: (string);
}

export interface GetCatalogRequest__Output {
  'catalog': (string);
}
