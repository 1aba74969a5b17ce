"""The plane of principal components against scikit-learn's."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA

from service.errors import InputError, PlaneError
from service.regions import PictureOptions, draw
from service.softmax.contract import FeatureContract
from service.softmax.model import SoftmaxModel
from service.softmax.sample import Sample

Trained = tuple[SoftmaxModel, FeatureContract, Sample]
PCA_PLANE = PictureOptions(plane="pca")


def test_the_axes_are_the_first_two_components_of_the_standardised_sample(iris: Trained) -> None:
    model, contract, sample = iris

    picture = draw(model, contract, sample, PCA_PLANE)

    Z = (sample.X - sample.X.mean(axis=0)) / sample.X.std(axis=0)
    theirs = PCA(2).fit(Z)
    plane = picture.subject.plane
    shares = [axis.variance_share or 0.0 for axis in (plane.x, plane.y)]
    assert_allclose(shares, theirs.explained_variance_ratio_, rtol=1e-10)
    ours = plane.in_units(plane.project(sample.X))
    assert_allclose(np.abs(ours), np.abs(theirs.transform(Z)), atol=1e-9)
    # A row of the plane is read back as it was placed.
    places = np.random.default_rng(0).random((50, 2))
    assert_allclose(plane.project(plane.rows(places)), places, atol=1e-12)


def test_the_regions_are_those_of_the_model_in_that_plane(iris: Trained) -> None:
    model, contract, sample = iris

    picture = draw(model, contract, sample, PCA_PLANE)

    places = np.random.default_rng(0).random((20_000, 2))
    predicted = model.predict_proba(picture.subject.plane.rows(places)).argmax(axis=1)
    by_field = picture.subject.decisions.field.scores(places).argmax(axis=1)
    assert (predicted == by_field).all()
    texts = [text.text for text in picture.scene.texts]
    assert any(text.startswith("principal component 1 (73 %") for text in texts)
    assert json.loads(picture.geojson())["axes"] == ["pc_1", "pc_2"]


def test_without_stored_rows_there_is_no_such_plane(iris: Trained) -> None:
    model, contract, sample = iris
    column = np.repeat(sample.X[:, :1], 4, axis=1)

    with pytest.raises(PlaneError, match="needs stored rows"):
        draw(model, contract, None, PCA_PLANE)
    with pytest.raises(PlaneError, match="one line"):
        draw(model, contract, Sample(X=column, y=sample.y), PCA_PLANE)


def test_features_have_no_place_on_its_axes(iris: Trained) -> None:
    model, contract, sample = iris
    options = replace(PCA_PLANE, x="sepal_length", at={"petal_width": "1"})

    with pytest.raises(InputError) as refused:
        draw(model, contract, sample, options)

    assert [fault.location for fault in refused.value.faults] == [("x",), ("at.petal_width",)]
