//! What each cluster contributes to the errors of some estimates, under a key that is the same in every estimate from the same
//! clusters: what estimates that share clusters have in common can be told from it.

/// The contributions of clusters to the errors of estimates, in units of the estimates. Their squares summed are the variances.
#[derive(Clone)]
pub struct ClusterInfluence {
    /// Ascending, each once.
    keys: Vec<i64>,
    n_estimates: usize,
    /// Key × estimate.
    values: Vec<f64>,
}

/// Shows sizes only.
impl std::fmt::Debug for ClusterInfluence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterInfluence")
            .field("n_clusters", &self.keys.len())
            .field("n_estimates", &self.n_estimates)
            .finish_non_exhaustive()
    }
}

impl ClusterInfluence {
    /// Sums the rows of `values` (unit × estimate) by the keys of the units, in the order of the units. Where all have the same key
    /// there is no error: everything adds up to zero, and what sums would show is rounding.
    pub(crate) fn of_units(keys: &[i64], n_estimates: usize, values: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_by_key(|&unit| keys[unit as usize]);
        let mut own = Self {
            keys: Vec::new(),
            n_estimates,
            values: Vec::new(),
        };
        for &unit in &order {
            let unit = unit as usize;
            if own.keys.last() != Some(&keys[unit]) {
                own.keys.push(keys[unit]);
                own.values.resize(own.values.len() + n_estimates, 0.0);
            }
            let start = own.values.len() - n_estimates;
            let row = &values[unit * n_estimates..(unit + 1) * n_estimates];
            let pairs = own.values[start..].iter_mut().zip(row);
            pairs.for_each(|(to, from)| *to += from);
        }
        if own.keys.len() == 1 {
            own.values.fill(0.0);
        }
        own
    }

    /// Clusters.
    pub fn n_clusters(&self) -> usize {
        self.keys.len()
    }

    /// Estimates.
    pub fn n_estimates(&self) -> usize {
        self.n_estimates
    }

    /// The contributions of the cluster in this place.
    pub(crate) fn row(&self, place: usize) -> &[f64] {
        &self.values[place * self.n_estimates..(place + 1) * self.n_estimates]
    }
}

/// Calls `body` for every key of some influences, ascending, with the place of its cluster in each; `None` where it has none.
pub(crate) fn each_key(parts: &[&ClusterInfluence], mut body: impl FnMut(&[Option<usize>])) {
    let mut next = vec![0; parts.len()];
    let mut places = vec![None; parts.len()];
    loop {
        let heads = parts.iter().zip(&next);
        let Some(key) = heads.filter_map(|(part, &at)| part.keys.get(at)).min() else {
            return;
        };
        for ((place, part), at) in places.iter_mut().zip(parts).zip(&mut next) {
            *place = (part.keys.get(*at) == Some(key)).then_some(*at);
            *at += usize::from(place.is_some());
        }
        body(&places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_summed_by_key_and_keys_met_in_order() {
        let one = ClusterInfluence::of_units(&[7, -2, 7], 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(
            (one.keys.as_slice(), one.n_clusters()),
            ([-2, 7].as_slice(), 2)
        );
        assert_eq!(
            (one.row(0), one.row(1)),
            ([3.0, 4.0].as_slice(), [6.0, 8.0].as_slice())
        );
        let other = ClusterInfluence::of_units(&[7, 9], 1, &[1.0, 1.0]);
        let mut met = Vec::new();
        each_key(&[&one, &other], |places| met.push(places.to_vec()));
        let expected = [
            vec![Some(0), None],
            vec![Some(1), Some(0)],
            vec![None, Some(1)],
        ];
        assert_eq!(met, expected);
        let single = ClusterInfluence::of_units(&[3, 3], 1, &[0.1, -0.1 + 1e-17]);
        assert_eq!(single.row(0), [0.0]);
        let nothing = ClusterInfluence::of_units(&[], 1, &[]);
        each_key(&[&nothing], |_| unreachable!());
        each_key(&[], |_| unreachable!());
    }
}
